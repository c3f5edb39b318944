/** Wires the page together: sketch -> search -> results. */

import { openPaper } from "./drawing.js";
import { searchWhileDrawing } from "./finding.js";
import { joinShop } from "./host.js";
import { keepForOffline, sayWhenOffline } from "./offline.js";
import { Sketch } from "./strokes.js";

joinShop();
const sketch = new Sketch();
const paper = openPaper(sketch);
searchWhileDrawing(sketch, paper);
sayWhenOffline(sketch);
keepForOffline();
