"Where people meet it: batches, explorers, the browser."
