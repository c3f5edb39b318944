/** Wires the page together: sketch -> search -> results. */

import { openPaper } from "./drawing.js";
import { Filters } from "./filters.js";
import { Finding } from "./finding.js";
import { extras } from "./fragment.js";
import { openKeeping } from "./keeping.js";
import { keepForOffline, sayWhenOffline } from "./offline.js";
import { Sketch } from "./strokes.js";

if (window.parent !== window) import("./host.js").then(({ joinShop }) => joinShop());
const sketch = new Sketch();
const paper = openPaper(sketch);
const filters = new Filters();
new Finding(sketch, paper, filters);
filters.parameters = new URLSearchParams(location.search); // a shop's widget may begin with a category
extras.collect = () => filters.parameters;
extras.apply = (parameters) => (filters.parameters = parameters);
openKeeping(sketch, paper); // last: it brings back a sketch, which the others should notice
sayWhenOffline(sketch);
keepForOffline();
