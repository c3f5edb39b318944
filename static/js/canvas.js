/** The paper: turns pointer events into strokes of a Sketch and keeps the canvas showing it, sharp at any density. */

import { touched } from "./eraser.js";
import { finish, paint, paintFrom, prepare } from "./ink.js";
import { boundsOf } from "./strokes.js";
import { fit, holds } from "./view.js";

const NEAR = 0.75; // CSS px: closer points add bytes, not shape
const PEN_ERASER = 32; // PointerEvent.buttons of the other end of a pen

/** Fires "progress" when a stroke has grown on screen, at most once a frame; finished strokes go to the sketch. */
export class Paper extends EventTarget {
  /** True while the pointer removes strokes instead of drawing them. */
  erasing = false;

  #canvas;
  #context;
  #sketch;
  #size = { width: 0, height: 0 };
  #home = this.#size;
  #view = { scale: 1, x: 0, y: 0 };
  #density = 1;
  #rect = null; // read once a stroke: asking for layout at every move costs frames
  #pointer = null;
  #stroke = null;
  #painted = 0;
  #erased = null;
  #frame = 0;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./strokes.js").Sketch} sketch
   */
  constructor(canvas, sketch) {
    super();
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false });
    this.#sketch = sketch;
    sketch.addEventListener("change", () => this.#show());
    new ResizeObserver(() => this.#resize()).observe(canvas);
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", (event) => this.#up(event)); // a call comes in: keep what is drawn
    // touch-action alone leaves gestures in the making: Safari's magnifier, Chromium dropping a tap soon after a stroke
    canvas.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  /**
   * The sketch as POST /search wants it, the growing stroke included.
   * @returns {{width: number, height: number, strokes: number[][][]}} in CSS pixels of the canvas
   */
  snapshot() {
    const { scale, x, y } = this.#view;
    const place = (point) => [round(point[0] * scale + x, 10), round(point[1] * scale + y, 10), point[2]];
    return {
      width: Math.round(this.#size.width),
      height: Math.round(this.#size.height),
      strokes: this.#visible().map((stroke) => stroke.map(place)),
    };
  }

  /** @returns {import("./view.js").Size} the paper's size, in the coordinates that new strokes are drawn in */
  get size() {
    return this.#size;
  }

  /** Adds strokes given in CSS pixels of the canvas, as one step. */
  put(strokes) {
    this.#sketch.add(...strokes.map((stroke) => stroke.map(([x, y, pressure]) => this.#toSketch(x, y, pressure))));
  }

  #down(event) {
    if (this.#pointer !== null || (event.button > 0 && event.buttons !== PEN_ERASER)) return;
    event.preventDefault(); // no selection, no focus change, no emulated mouse events
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    this.#rect = this.#canvas.getBoundingClientRect();
    this.#stroke = [this.#point(event)];
    this.#painted = 0;
    this.#erased = this.erasing || event.buttons === PEN_ERASER ? new Set() : null;
    if (this.#erased) this.#erase(this.#stroke[0], this.#stroke[0]);
    this.#draw();
  }

  #move(event) {
    if (event.pointerId !== this.#pointer) return;
    // browsers deliver one event a frame; the points in between are what makes a quick curve round
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) {
      const point = this.#point(each);
      const last = this.#stroke.at(-1);
      if (Math.hypot(point[0] - last[0], point[1] - last[1]) * this.#view.scale < NEAR) continue;
      this.#stroke.push(point);
      if (this.#erased) this.#erase(last, point);
    }
    this.#draw();
  }

  #up(event) {
    if (event.pointerId !== this.#pointer) return;
    const [stroke, erased] = [this.#stroke, this.#erased];
    this.#pointer = this.#stroke = this.#erased = null;
    if (erased) this.#sketch.remove(erased);
    else this.#sketch.add(stroke);
  }

  #erase(from, to) {
    for (const stroke of touched(this.#visible(), from, to, this.#view.scale)) this.#erased.add(stroke);
  }

  /** Everything on the paper now: finished strokes, the growing one, less those being erased. */
  #visible() {
    if (this.#erased) return this.#sketch.strokes.filter((stroke) => !this.#erased.has(stroke));
    return this.#stroke ? [...this.#sketch.strokes, this.#stroke] : [...this.#sketch.strokes];
  }

  #draw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (!this.#stroke) return;
      if (this.#erased) this.#repaint();
      else {
        prepare(this.#context, this.#view, this.#density);
        paintFrom(this.#context, this.#stroke, this.#painted, this.#view);
        if (this.#stroke.length === 1) finish(this.#context, this.#stroke, this.#view);
        this.#painted = this.#stroke.length;
      }
      this.dispatchEvent(new Event("progress"));
    });
  }

  #repaint() {
    paint(this.#context, this.#visible(), this.#view, this.#density);
  }

  /** After undo on a paper that has turned meanwhile, strokes may lie outside. */
  #show() {
    const bounds = boundsOf(this.#sketch.strokes);
    if (bounds && !holds(this.#size, bounds, this.#view)) this.#view = fit(this.#home, this.#size, bounds);
    this.#repaint();
  }

  #resize() {
    const { width, height } = this.#canvas.getBoundingClientRect();
    if (!width || !height) return;
    this.#density = window.devicePixelRatio || 1;
    this.#canvas.width = Math.round(width * this.#density);
    this.#canvas.height = Math.round(height * this.#density);
    this.#size = { width, height };
    this.#rect = this.#canvas.getBoundingClientRect();
    if (!this.#home.width || (!this.#sketch.canUndo && !this.#stroke)) this.#home = this.#size;
    this.#view = fit(this.#home, this.#size, boundsOf(this.#visible()));
    this.#repaint();
  }

  #point(event) {
    const clamp = (value, high) => Math.max(0, Math.min(high, value)); // only what is seen is searched
    const x = clamp(event.clientX - this.#rect.left, this.#size.width);
    const y = clamp(event.clientY - this.#rect.top, this.#size.height);
    // only pens measure pressure; a mouse says 0.5 and fingers say anything
    return this.#toSketch(x, y, event.pointerType === "pen" ? round(event.pressure, 100) : 0.5);
  }

  #toSketch(x, y, pressure) {
    const { scale, x: left, y: top } = this.#view;
    return [round((x - left) / scale, 100), round((y - top) / scale, 100), pressure];
  }
}

function round(value, steps) {
  return Math.round(value * steps) / steps;
}
