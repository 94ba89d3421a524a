/** Files out of what was dropped: folders are opened, whatever lies in them that may be a film. */

const mayBeFilm = name => !/^(\.|__MACOSX)/.test(name) && name.toUpperCase() !== 'DICOMDIR';

const fileOf = entry => new Promise((resolve, reject) => entry.file(resolve, reject));

/** All entries of a folder; a browser gives them a hundred at a time. */
async function entriesOf(folder) {
  const reader = folder.createReader(), found = [];
  for (let some; (some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))).length;) {
    found.push(...some);
  }
  return found.filter(entry => mayBeFilm(entry.name)).sort((one, other) => (one.name < other.name ? -1 : 1));
}

async function filesIn(entry) {
  if (!entry.isDirectory) return [await fileOf(entry)];
  const found = [];
  for (const inside of await entriesOf(entry)) found.push(...await filesIn(inside));
  return found;
}

/**
 * @param {DataTransfer} dropped
 * @returns {Promise<File[]>} in order of name inside a folder
 */
export async function droppedFiles(dropped) {
  const entries = [...dropped.items].map(item => item.webkitGetAsEntry?.()), files = [...dropped.files];
  if (!entries.some(entry => entry?.isDirectory)) return files;
  return (await Promise.all(entries.filter(Boolean).map(filesIn))).flat();
}
