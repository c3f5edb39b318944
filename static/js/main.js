/** Wires the page together: sketch -> search -> results. */

import { openPaper } from "./drawing.js";
import { searchWhileDrawing } from "./finding.js";
import { Filters } from "./filters.js";
import { Sketch } from "./strokes.js";

const sketch = new Sketch();
const paper = openPaper(sketch);
const filters = new Filters();
searchWhileDrawing(sketch, paper, filters);
