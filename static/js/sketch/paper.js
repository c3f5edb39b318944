/** The paper: turns pointer events into strokes of a Sketch and keeps the canvas showing it, sharp at any density. */

import { withoutTouched } from "./eraser/eraser.js";
import { UNMEASURED, boundsOf, colour, colourOf, isApart, pointAt, snap } from "./sketch.js";
import { Surface } from "./ink_layer.js";
import { centred, fit, holds } from "./viewport.js";

const PEN_ERASER = 32; // PointerEvent.buttons of the other end of a pen

/** @typedef {import("./sketch.js").Stroke} Stroke */

/** Fires "progress" when a stroke has grown on screen, at most once a frame; finished strokes go to the sketch. */
export class Paper extends EventTarget {
  /** True while the pointer erases instead of drawing. */
  erasing = false;
  /** What an eraser leaves of strokes on a way. */
  erase = withoutTouched;
  /** @type {string | null} what strokes are drawn in; null for ink */
  colour = null;

  #canvas;
  #surface;
  #sketch;
  #fingers;
  #size = { width: 0, height: 0 };
  #view = fit(this.#size, null); // kept while it shows the whole sketch: it should not jump after every stroke
  #density = 0;
  #rect = new DOMRect(); // read once a stroke: asking for layout at every move costs frames
  /** @type {number | null} */
  #pointer = null;
  #pointerType = "";
  /** @type {Stroke | null} */
  #stroke = null;
  /** @type {readonly Stroke[] | null} */
  #left = null; // by an eraser that is on the paper
  #frame = 0;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./sketch.js").Sketch} sketch
   * @param {import("./pen_mode.js").Fingers} fingers
   */
  constructor(canvas, sketch, fingers) {
    super();
    this.#canvas = canvas;
    this.#surface = new Surface(canvas);
    this.#sketch = sketch;
    this.#fingers = fingers;
    this.#resize();
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#watchDensity();
    sketch.addEventListener("leave", () => (this.#view = fit(this.#size, null)));
    sketch.addEventListener("change", () => {
      if (this.#left) this.#left = sketch.strokes; // undone by a key meanwhile
      this.#show();
    });
    canvas.addEventListener("pointerenter", (event) => event.pointerType === "pen" && fingers.seePen());
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of /** @type {const} */ (["pointerup", "pointercancel", "lostpointercapture"])) {
      canvas.addEventListener(end, (event) => event.pointerId === this.#pointer && this.lift());
    }
    // touch-action alone leaves gestures in the making: Safari's magnifier, Chromium dropping a tap soon after a stroke
    canvas.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    document.addEventListener("visibilitychange", () => document.hidden && this.lift()); // it may never come back
  }

  /**
   * The sketch as POST /search wants it, the growing stroke included: in CSS pixels of the canvas, moved by whole steps
   * of the grid and never scaled, so that every paper sends the same shape.
   * @returns {import("../results/search_client.js").Snapshot}
   */
  snapshot() {
    const { scale, x, y } = this.#view;
    const visible = this.#visible();
    const colours = visible.map(colourOf);
    const [left, top] = [snap(x / scale), snap(y / scale)];
    return {
      width: Math.ceil(this.#size.width / scale),
      height: Math.ceil(this.#size.height / scale),
      strokes: visible.map((stroke) => stroke.map((point) => [point[0] + left, point[1] + top, point[2]])),
      ...(colours.some(Boolean) && { colors: colours }),
    };
  }

  /**
   * Puts strokes of any unit on the middle of the paper instead of what is drawn, as one step, or as part of the last.
   * @param {readonly (readonly number[][])[]} strokes
   */
  put(strokes, amends = false) {
    const placed = centred(strokes, this.#size);
    if (amends) this.#sketch.amend(placed);
    else this.#sketch.replace(placed);
  }

  /** Ends the stroke that is being drawn, if there is one, and keeps it. */
  lift() {
    const [stroke, left] = [this.#stroke, this.#left];
    this.#pointer = this.#stroke = this.#left = null;
    if (left) this.#sketch.keep(left);
    else if (stroke) this.#sketch.add(stroke);
  }

  /** @param {PointerEvent} event */
  #down(event) {
    const { pointerType, pointerId, button, buttons } = event;
    if (pointerType === "pen") this.#fingers.seePen();
    if (pointerType === "touch" && !this.#fingers.draw) return;
    if (button > 0 && buttons !== PEN_ERASER) return;
    const drawing = this.#pointer !== null;
    const palm = drawing && pointerType === "pen" && this.#pointerType === "touch"; // it lay down before the pen did
    if (drawing && !palm) return;
    event.preventDefault(); // no selection, no focus change, no emulated mouse events
    if (this.#density !== window.devicePixelRatio) this.#resize(); // not every browser has told
    this.#capture(pointerId);
    this.#pointer = pointerId;
    this.#pointerType = pointerType;
    this.#rect = this.#canvas.getBoundingClientRect();
    this.#stroke = colour([this.#point(event)], this.colour);
    this.#left = this.erasing || buttons === PEN_ERASER ? this.#sketch.strokes : null;
    if (palm) this.#show();
    if (this.#left) this.#erase(this.#left, this.#stroke[0], this.#stroke[0]);
    this.#draw();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const stroke = this.#stroke;
    if (!stroke || event.pointerId !== this.#pointer) return;
    // browsers deliver one event a frame; the points in between are what makes a quick curve round
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) {
      const point = this.#point(each);
      const last = stroke[stroke.length - 1];
      if (!isApart(last, point)) continue;
      stroke.push(point);
      if (this.#left) this.#erase(this.#left, last, point);
    }
    this.#draw();
  }

  /** @param {number} pointerId */
  #capture(pointerId) {
    try {
      this.#canvas.setPointerCapture(pointerId);
    } catch {
      // a tap may be over before its event comes: then there is nothing to capture
    }
  }

  /** @param {readonly Stroke[]} strokes @param {import("./sketch.js").Point} from @param {import("./sketch.js").Point} to */
  #erase(strokes, from, to) {
    this.#left = this.erase(strokes, from, to, this.#view.scale);
    if (this.#left !== strokes) this.#surface.show(this.#left, this.#view);
  }

  /** Everything on the paper now: finished strokes and the growing one, or what an eraser leaves. */
  #visible() {
    if (this.#left) return this.#left;
    return this.#stroke ? [...this.#sketch.strokes, this.#stroke] : [...this.#sketch.strokes];
  }

  #draw() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (!this.#stroke) return;
      if (!this.#left) this.#surface.grow(this.#stroke);
      this.dispatchEvent(new Event("progress"));
    });
  }

  /** After undo on a paper that has turned meanwhile, strokes may lie outside. */
  #show() {
    const bounds = boundsOf(this.#visible());
    if (!bounds || !holds(this.#size, bounds, this.#view)) this.#view = fit(this.#size, bounds);
    this.#surface.show(this.#left ?? this.#sketch.strokes, this.#view);
    this.#draw(); // a stroke may be growing meanwhile
  }

  #resize() {
    const { width, height } = this.#canvas.getBoundingClientRect();
    if (!width || !height) return;
    this.#size = { width, height };
    this.#rect = this.#canvas.getBoundingClientRect();
    this.#density = window.devicePixelRatio;
    this.#surface.resize(this.#size, this.#density);
    this.#view = fit(this.#size, boundsOf(this.#visible()));
    this.#show();
  }

  /** Zooming, and moving the window to another screen, change the density and perhaps not the size. */
  #watchDensity() {
    const follow = () => {
      this.#resize();
      this.#watchDensity();
    };
    window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`).addEventListener("change", follow, { once: true });
  }

  /** @param {PointerEvent} event @returns {import("./sketch.js").Point} */
  #point(event) {
    /** @param {number} value @param {number} high */
    const clamp = (value, high) => Math.max(0, Math.min(high, value)); // only what is seen is searched
    const { scale, x, y } = this.#view;
    const left = clamp(event.clientX - this.#rect.left, this.#size.width);
    const top = clamp(event.clientY - this.#rect.top, this.#size.height);
    // only pens measure pressure; a mouse says 0.5 and fingers say anything
    return pointAt((left - x) / scale, (top - y) / scale, event.pointerType === "pen" ? event.pressure : UNMEASURED);
  }
}
