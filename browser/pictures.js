/**
 * Grey films, pictures and heat maps on canvases.
 * Follows `film_with_box` of nbs/clinic/02_page.ipynb and `Explanation.overlay` of nbs/08_assessment.ipynb.
 */

import { html } from './dom.js';
import { gaussianBlur } from './filters.js';
import { resizeArea, resizeLinear } from './resize.js';

const HEAT_WEIGHT = 0.6; // of the colour where the map is 1
const PRINTED_HEIGHT = 380; // pixels: 47 mm at 205 dots an inch
const BOX_COLOUR = '#40a0d6';
const FINGERS = [[0, 1, 2, 3, 4], [0, 5, 6, 7, 8], [5, 9, 10, 11, 12], [9, 13, 14, 15, 16], [13, 17, 18, 19, 20],
  [0, 17]]; // landmarks that lines join: four a finger, 0 is the wrist

function canvasOf(width, height) {
  const canvas = html('canvas');
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

/** A canvas from one number a pixel: 0xAABBGGRR. */
function painted(width, height, colourAt) {
  const canvas = canvasOf(width, height), context = canvas.getContext('2d');
  const image = context.createImageData(width, height), pixels = new Uint32Array(image.data.buffer);
  for (let place = 0; place < pixels.length; place++) pixels[place] = colourAt(place);
  context.putImageData(image, 0, 0);
  return canvas;
}

/**
 * @param {{data: Uint8Array, width: number, height: number}} grey
 * @returns {HTMLCanvasElement} as large as the picture
 */
export function greyCanvas(grey) {
  return painted(grey.width, grey.height, place => 0xff000000 | grey.data[place] * 0x010101);
}

/**
 * What the network saw, under the map.
 * @param {{data: Uint8Array, width: number, height: number}} picture grey
 * @param {Float32Array} heat as large as the picture, 0 to 1
 * @param {number[][]} colours 256 of [red, green, blue]
 */
export function heatCanvas(picture, heat, colours) {
  return painted(picture.width, picture.height, place => {
    const grey = picture.data[place], weight = HEAT_WEIGHT * heat[place];
    const [red, green, blue] = colours[Math.trunc(255 * heat[place])].map(part => (1 - weight) * grey + weight * part);
    return 0xff000000 | blue << 16 | green << 8 | red;
  });
}

/** The colours of a heat map over grey, 1 at the top. */
export function heatScale(colours) {
  const height = 100, heat = Float32Array.from({ length: height }, (_, row) => 1 - row / (height - 1));
  return heatCanvas({ data: new Uint8Array(height).fill(90), width: 1, height }, heat, colours);
}

function outline(context, points) {
  context.beginPath();
  points.forEach(([x, y], place) => place ? context.lineTo(x, y) : context.moveTo(x, y));
}

function drawBox(context, corners, line) {
  context.lineJoin = 'round';
  context.lineWidth = line;
  context.strokeStyle = BOX_COLOUR;
  outline(context, corners);
  context.closePath();
  context.stroke();
}

const scaled = (points, scale) => points.map(([x, y]) => [x * scale, y * scale]);

/**
 * The whole film with the box of the crop and the landmarks.
 * @param {{data: Uint8Array, width: number, height: number, scale: number}} film as shown; scale: its pixels per film's
 * @param {{box: number[][], landmarks: number[][]|null}|null} hand corners and marks in pixels of the film
 */
export function filmCanvas(film, hand) {
  const canvas = greyCanvas(film);
  if (!hand) return canvas;
  const context = canvas.getContext('2d'), line = Math.max(film.width, film.height) / 250;
  drawBox(context, scaled(hand.box, film.scale), 1.4 * line);
  if (hand.landmarks) drawLandmarks(context, scaled(hand.landmarks, film.scale), line);
  return canvas;
}

/**
 * The film for paper, small, with the box of the crop.
 * @param {object} film as in `filmCanvas`
 * @param {object|null} hand as in `filmCanvas`
 * @param {boolean} isBlurred outside the box, all of it without one
 */
export function printedFilm(film, hand, isBlurred) {
  const scale = PRINTED_HEIGHT / film.height, width = Math.max(Math.round(film.width * scale), 1);
  const small = (scale < 1 ? resizeArea : resizeLinear)(film, width, PRINTED_HEIGHT);
  const plain = greyCanvas(small);
  const canvas = isBlurred ? greyCanvas(gaussianBlur(small, PRINTED_HEIGHT / 40)) : plain;
  if (!hand) return canvas;
  const context = canvas.getContext('2d'), corners = scaled(hand.box, film.scale * scale);
  outline(context, corners);
  context.save();
  context.clip();
  context.drawImage(plain, 0, 0);
  context.restore();
  drawBox(context, corners, 2);
  return canvas;
}

function drawLandmarks(context, points, line) {
  context.lineWidth = 0.7 * line;
  context.strokeStyle = 'rgba(127, 207, 245, 0.75)';
  for (const finger of FINGERS) {
    outline(context, finger.map(place => points[place]));
    context.stroke();
  }
  context.fillStyle = '#d8f1ff';
  for (const [x, y] of points) {
    context.beginPath();
    context.arc(x, y, 1.3 * line, 0, 2 * Math.PI);
    context.fill();
  }
}
