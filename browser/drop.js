/**
 * Films out of what was dropped: folders are opened, whatever lies in them that may be a film. A film has its path from
 * the dropped folder on as its name, for files of two children may be called alike.
 */

/** @typedef {{path: string, file: File|null, problem: Error|null}} Dropped a file, or why there is none */

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

/** What cannot be opened takes nothing else along. */
async function filmsIn(entry, above = '') {
  const path = above + entry.name;
  try {
    if (!entry.isDirectory) return [{ path, file: await fileOf(entry), problem: null }];
    const found = [];
    for (const inside of await entriesOf(entry)) found.push(...await filmsIn(inside, `${path}/`));
    return found;
  } catch {
    const problem = new Error(`${path} cannot be opened: look whether it is still there and may be read.`);
    return [{ path, file: null, problem }];
  }
}

/**
 * @param {DataTransfer} dropped
 * @returns {Promise<Dropped[]>} in order of name inside a folder
 */
export async function droppedFilms(dropped) {
  const entries = [...dropped.items].map(item => item.webkitGetAsEntry?.()), files = [...dropped.files];
  if (!entries.some(entry => entry?.isDirectory)) return files.map(file => ({ path: file.name, file, problem: null }));
  return (await Promise.all(entries.filter(Boolean).map(entry => filmsIn(entry)))).flat();
}
