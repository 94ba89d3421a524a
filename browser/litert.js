/**
 * Networks as functions of arrays, by LiteRT.js. Follows nbs/00a_litert.ipynb. The library itself is given from
 * outside: the page takes it from `litert/`, the tests from node_modules.
 */

/** The library with its runtime started, once for all networks; `folder` is where its wasm files lie, with a slash. */
export async function startRuntime(library, folder) {
  const quiet = text => /^(INFO|WARNING)/.test(text) || console.error(text);
  // read by the runtime's script
  globalThis.Module = { locateFile: file => folder + file, print: quiet, printErr: quiet };
  await library.loadLiteRt(folder);
  return library;
}

/** Reads the tables of a FlatBuffer, as far as a .tflite file needs it. */
function flatBuffer(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const follow = place => place + view.getUint32(place, true);
  const field = (table, number) => {
    const entries = table - view.getInt32(table, true), at = 4 + 2 * number;
    const offset = at < view.getUint16(entries, true) ? view.getUint16(entries + at, true) : 0;
    return offset ? follow(table + offset) : 0;
  };
  const items = vector => Array.from({ length: vector ? view.getUint32(vector, true) : 0 },
    (_, number) => vector + 4 + 4 * number);
  return { view, root: follow(0), follow, field, items };
}

/**
 * A network for one picture at a time: LiteRT.js takes no batch that is left open (−1), so it is set to what the
 * network was stored with (1). The bytes are changed in place.
 */
export function withClosedBatch(bytes) {
  const { view, root, follow, field, items } = flatBuffer(bytes);
  for (const subgraph of items(field(root, 2)).map(follow)) {
    for (const tensor of items(field(subgraph, 0)).map(follow)) {
      const shape = items(field(tensor, 0));
      items(field(tensor, 7)).forEach((place, axis) => view.setInt32(place, view.getInt32(shape[axis], true), true));
    }
  }
  return bytes;
}

/**
 * A .tflite file as a function.
 * @param library LiteRT.js, started
 * @param {Uint8Array} bytes of the file
 * @returns {Promise<function(Object<string, Float32Array>): Promise<Float32Array[]>>} takes arrays by the names of the
 *   inputs, gives the outputs in the order of their names
 */
export async function openGraph(library, bytes) {
  const model = await library.loadAndCompile(withClosedBatch(bytes), { accelerator: 'wasm' });
  const shapes = Object.fromEntries(model.getInputDetails().map(({ name, shape }) => [name, Array.from(shape)]));
  const outputs = model.getOutputDetails().map(({ name }) => name).sort();
  return async arrays => {
    const tensors = Object.fromEntries(Object.entries(shapes).map(
      ([name, shape]) => [name, new library.Tensor(arrays[name], shape)]));
    let found = {};
    try {
      found = await model.run(tensors);
      return await Promise.all(outputs.map(async name => Float32Array.from(await found[name].data())));
    } finally {
      for (const tensor of [...Object.values(tensors), ...Object.values(found)]) tensor.delete();
    }
  };
}
