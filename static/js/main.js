/** Wires the page together: sketch -> search -> results. */

import { openPaper } from "./drawing.js";
import { Finding } from "./finding.js";
import { Filters } from "./filters.js";
import { Sketch } from "./strokes.js";

const sketch = new Sketch();
const paper = openPaper(sketch);
const filters = new Filters();
new Finding(sketch, paper, filters);
