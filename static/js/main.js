/** Wires the page together: sketch -> search -> results. */

import { openPaper } from "./drawing.js";
import { searchWhileDrawing } from "./finding.js";
import { openKeeping } from "./keeping.js";
import { Sketch } from "./strokes.js";

const sketch = new Sketch();
const paper = openPaper(sketch);
searchWhileDrawing(sketch, paper);
openKeeping(sketch, paper); // last: it brings back a sketch, which the other two should notice
