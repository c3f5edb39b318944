/** Wires the page together: sketch -> search -> results. */

import { openPaper } from "./sketch/toolbar.js";
import { Filters } from "./filters/filters.js";
import { Finding } from "./app/search_controller.js";
import { extras } from "./session/url_fragment.js";
import { openKeeping } from "./app/session_controller.js";
import { keepForOffline, sayWhenOffline } from "./app/offline.js";
import { Sketch } from "./sketch/sketch.js";

if (window.parent !== window) import("./embed/host_page.js").then(({ joinShop }) => joinShop());
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
