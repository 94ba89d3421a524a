/** Elements without a template language: every text is set as text, so that nothing from a file becomes HTML. */

const SVG = 'http://www.w3.org/2000/svg';

function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter(child => child || child === ''));
  return element;
}

/**
 * An element of HTML.
 * @param {string} tag
 * @param {Object<string, unknown>} properties attributes; names that begin with `on` are listeners
 * @param {...(Node|string|null|Array)} children null, false and 0 are left out
 */
export function html(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/** An element of SVG, as `html`. */
export function svg(tag, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

export const byId = identifier => document.getElementById(identifier);
