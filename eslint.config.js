import js from "@eslint/js";
import globals from "globals";

/** Scripts that the server fills in: each {{ expression }} stands for a value. Columns stay as they are. */
const jinja = {
  preprocess: (text) => [text.replace(/\{\{.*?\}\}/g, (expression) => "null".padEnd(expression.length))],
  postprocess: ([messages]) => messages,
};

const RULES = {
  ...js.configs.recommended.rules, // no-undef and no-unused-vars are among them
  "eqeqeq": "error",
  "no-var": "error",
  "prefer-const": ["error", { destructuring: "all" }],
};

export default [
  { ignores: ["static/js/vendor/**"] },
  {
    files: ["static/**/*.js"],
    languageOptions: { sourceType: "module", globals: globals.browser },
    rules: RULES,
  },
  {
    files: ["clients/javascript/*.js"],
    languageOptions: { sourceType: "module", globals: globals["shared-node-browser"] },
    rules: RULES,
  },
  {
    files: ["templates/*.js"],
    languageOptions: { sourceType: "script", globals: { ...globals.browser, ...globals.serviceworker } },
    plugins: { sketchfind: { processors: { jinja } } },
    processor: "sketchfind/jinja",
    rules: RULES,
  },
];
