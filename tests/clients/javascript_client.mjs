/** The JavaScript client against a real server, whose address, key, feed and sketch are in the environment. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";
import { Client, SketchfindError } from "../../clients/javascript/sketchfind.js";

const { ADDRESS, KEY, FEED, SKETCH } = process.env;
const STROKES = { width: 320, height: 240, strokes: [[[20, 200], [90, 40, 0.5]], [[90, 40], [200, 180], [300, 60]]] };
const client = new Client(ADDRESS, { key: KEY });
const picture = readFileSync(SKETCH);

const ids = ({ results }) => results.map((result) => result.product_id);

async function listAll(iterator) {
  const items = [];
  for await (const item of iterator) items.push(item);
  return items;
}

/** Answer requests with these steps, [status, body, headers] each or "break", and return what `use` comes to. */
async function perform(steps, use, options) {
  let count = 0;
  const server = createServer((request, response) => {
    const step = steps[count++];
    if (step === "break") request.socket.destroy();
    else if (step !== "hang") response.writeHead(step[0], step[2] ?? {}).end(step[1]);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const fake = new Client(`http://127.0.0.1:${server.address().port}/find/`, options);
    return { result: await use(fake).catch((error) => error), count };
  } finally {
    server.closeAllConnections?.();
    server.close();
  }
}

const refusal = (code, headers = { "Retry-After": "0" }) =>
  [503, JSON.stringify({ error: { code, message: "m", detail: { a: 1 } } }), headers];
const OK = [200, JSON.stringify({ status: "ok", new: 1 })];

test("a sketch is strokes, a buffer or a blob", async () => {
  const answer = await client.search(picture, { k: 3 });
  assert.equal(answer.results.length, 3);
  assert.equal(ids(answer)[0], "pump-2");
  assert.deepEqual((await client.search(new Blob([picture]), { k: 3, kind: "auto" })).results, answer.results);
  assert.equal((await client.search(STROKES, { k: 5, mirror: false })).results.length, 5);
  const { object } = await client.search(picture, { crop: [0, 0, 1, 0.5] });
  assert.deepEqual(object, { left: 0, top: 0, right: 1, bottom: 0.5, guessed: false });
});

test("filters are texts, lists, numbers and booleans", async () => {
  const black = ids(await client.search(STROKES, { color: ["black"], category: "Shoes", brand: undefined }));
  assert.deepEqual(black.sort(), ["boot-2", "pump-1"]);
  const worded = await client.search(null, { q: "stoll" });
  assert.deepEqual([ids(worded), worded.kind], [["stool-1", "stool-2"], "words"]);
  assert.deepEqual(worded.words, { corrected: [{ word: "stoll", taken_for: ["stool"] }], dropped: [] });
  const cheap = ids(await client.search(STROKES, { min_price: 59.9, max_price: "59.90", in_stock: true }));
  assert.deepEqual(cheap.sort(), ["pump-1", "tote-2"]);
});

test("lists continue in any order", async () => {
  const whole = await client.search(STROKES, { k: 100, sort: "price_asc" });
  const first = await client.search(STROKES, { k: 5, sort: "price_asc" });
  const rest = await client.search(STROKES, { k: 100, sort: "price_asc", cursor: first.next });
  assert.deepEqual([...ids(first), ...ids(rest)], ids(whole));
  assert.equal(rest.next, null);
});

test("results are iterated over all pages", async () => {
  const whole = await client.search(picture, { k: 100, sort: "price_asc" });
  const results = await listAll(client.iterateResults(picture, { pageSize: 5, sort: "price_asc" }));
  assert.deepEqual(ids({ results }), ids(whole));
  const similar = await listAll(client.iterateSimilar("boot-1", { pageSize: 2, category: "Shoes" }));
  assert.deepEqual(similar, (await client.findSimilar("boot-1", { k: 100, category: "Shoes" })).results);
});

test("events of results are recorded", async () => {
  const session = crypto.randomUUID().replaceAll("-", "");
  const { search_id } = await client.search(null, { q: "boot", session });
  const opened = { kind: "opened", search_id, product_id: "boot-1", rank: 1 };
  const events = [{ kind: "shown", search_id }, { kind: "shown", search_id: "other" }, opened];
  assert.deepEqual(await client.recordEvents(session, events), { accepted: 2, ignored: 1 });
});

test("similar products are others", async () => {
  const similar = ids(await client.findSimilar("boot-1", { k: 4, category: "Shoes" }));
  assert.equal(similar.length, 4);
  assert.ok(!similar.includes("boot-1"));
});

test("a product is put, read, changed and deleted", async () => {
  const name = "js/boot 1%/similar";
  const product = await client.putProduct(name, { title: "Boot", price: "12.50 EUR" }, [picture, new Blob([picture])]);
  assert.deepEqual([product.title, product.price], ["Boot", 12.5]);
  assert.deepEqual(await client.getProduct(name), product);
  const changed = await client.putProduct(name, { title: "Shoe" });
  assert.deepEqual([changed.title, changed.price, changed.photo_urls], ["Shoe", null, product.photo_urls]);
  assert.equal((await client.putProduct(name, null, [picture])).title, "Shoe");
  const patched = await client.patchProduct(name, { title: "Clog", attributes: { heel: "high" } });
  assert.deepEqual([patched.title, patched.attributes], ["Clog", [{ name: "heel", value: "high" }]]);
  assert.equal((await client.deleteProduct(name)).product_id, name);
  const missing = await client.getProduct(name).catch((error) => error);
  assert.ok(missing instanceof SketchfindError && missing.message.startsWith("there is no product"));
  assert.deepEqual([missing.code, missing.status], ["not_found", 404]);
});

test("many products are changed and deleted", async () => {
  const names = ["js-0", "js-1", "js-2"];
  for (const name of names) await client.putProduct(name, { title: "Boot" }, [picture]);
  const patches = names.map((product_id) => ({ product_id, price: "2.50 EUR" }));
  const report = await client.patchProducts([...patches, { product_id: "js-0", price: "cheap" }, { product_id: "js-9" }]);
  assert.deepEqual([report.changed, report.unknown_ids, report.error_count], [3, ["js-9"], 1]);
  assert.deepEqual(report.errors.map(({ where }) => where), ["line 4"]);
  const { deleted, unknown } = await client.deleteProducts([...names, "js-9"]);
  assert.deepEqual([deleted, unknown], [3, 1]);
});

test("products are listed over all pages", async () => {
  const names = (await listAll(client.iterateProducts({ pageSize: 5 }))).map((product) => product.product_id);
  assert.ok(names.length >= 12);
  assert.deepEqual(names, (await listAll(client.iterateProducts())).map((product) => product.product_id));
});

test("an import is started and waited for", async () => {
  const states = [];
  const { id } = await client.startImport(FEED);
  const done = await client.waitForImport(id, { interval: 50, onProgress: (job) => states.push(job.state) });
  assert.deepEqual([done.state, done.done, done.error_count, states.at(-1)], ["done", 3, 1, "done"]);
  assert.deepEqual(await client.getImport(id), done);
  assert.deepEqual((await listAll(client.iterateImportErrors(id))).map((problem) => problem.where), ["line 3"]);
});

test("an import is checked, listed and cancelled", async () => {
  const { id } = await client.startImport(FEED, { complete: true, maxRemoved: 100, dryRun: true });
  const checked = await client.waitForImport(id, { interval: 50 });
  assert.deepEqual([checked.dry_run, checked.complete, checked.removed > 0], [true, true, true]);
  assert.deepEqual(await client.cancelImport(id), checked); // it is over
  const [latest] = await listAll(client.iterateImports({ pageSize: 1 }));
  assert.equal(latest.id, id);
});

test("texts of a language are imported and asked for", async () => {
  const { id } = await client.startImport('{"id": "boot-2", "title": "Stiefel 2"}', { language: "de" });
  assert.equal((await client.waitForImport(id, { interval: 50 })).language, "de");
  assert.equal((await client.getProduct("boot-2", { lang: "de" })).title, "Stiefel 2");
  assert.notEqual((await client.getProduct("boot-2")).title, "Stiefel 2");
  const titles = (await listAll(client.iterateProducts({ lang: "de" }))).map((product) => product.title);
  assert.ok(titles.includes("Stiefel 2"));
});

test("the health of the server", async () => {
  assert.equal((await client.checkHealth()).status, "ok");
  assert.equal((await client.checkReadiness()).status, "ready");
});

test("an error has code, message, detail and status", async () => {
  const error = await new Client(ADDRESS).search(STROKES, { category: "Boats" }).catch((reason) => reason);
  assert.deepEqual([error.name, error.code, error.status], ["SketchfindError", "unknown_category", 422]);
  assert.ok(error.message.includes("'Boats' is unknown") && error.detail.known.includes("Shoes"));
});

test("a read is tried again", async () => {
  const { result, count } = await perform([refusal("busy"), "break", OK], (fake) => fake.checkHealth());
  assert.deepEqual([result, count], [{ status: "ok", new: 1 }, 3]);
  assert.equal((await perform([refusal("stopping"), OK], (fake) => fake.search(STROKES))).count, 2);
  assert.equal((await perform(["break", OK], (fake) => fake.recordEvents("a", []))).count, 2);
});

test("a change is tried again only where nothing was stored", async () => {
  for (const [step, expected] of [[refusal("busy"), 2], [refusal("stopping"), 1], ["break", 1]]) {
    assert.equal((await perform([step, OK], (fake) => fake.startImport("id"))).count, expected);
    assert.equal((await perform([step, OK], (fake) => fake.patchProducts([]))).count, expected);
  }
});

test("retries end, and none follows a long or missing delay", async () => {
  const { result, count } = await perform(Array(9).fill(refusal("busy")), (fake) => fake.checkHealth(), { retries: 2 });
  assert.deepEqual([result.code, result.detail, count], ["busy", { a: 1 }, 3]);
  for (const delay of ["3600", "Fri, 31 Dec 1999"]) {
    assert.equal((await perform([refusal("busy", { "Retry-After": delay }), OK], (fake) => fake.checkHealth())).count, 1);
  }
  assert.equal((await perform([refusal("busy", {}), OK], (fake) => fake.checkHealth())).count, 1);
});

test("what is not an answer of the server is an error", async () => {
  for (const [status, text] of [[502, "<h1>Bad gateway"], [200, "login"], [500, "[1]"]]) {
    const { result } = await perform([[status, text]], (fake) => fake.checkHealth());
    assert.deepEqual([result.code, result.status, result.detail], ["unexpected_answer", status, text]);
  }
});

test("a try ends by its timeout, and a call by its signal", async () => {
  const late = await perform(["hang"], (fake) => fake.checkHealth({ timeout: 20 }), { retries: 0 });
  assert.deepEqual([late.result.code, late.result.status], ["unreachable", null]);
  const cancelled = await perform(["hang"], (fake) => fake.checkHealth({ signal: AbortSignal.timeout(20) }));
  assert.equal(cancelled.result.name, "TimeoutError");
  assert.ok(cancelled.count <= 1); // a busy machine may not have sent it in time
  const waiting = [refusal("busy", { "Retry-After": "30" })];
  const stopped = await perform(waiting, (fake) => fake.checkHealth({ signal: AbortSignal.timeout(50) }));
  assert.deepEqual([stopped.result.name, stopped.count], ["TimeoutError", 1]);
});

test("waiting for an import ends", async () => {
  const running = [200, JSON.stringify({ id: "a", state: "running" })];
  const { result } = await perform([running, running], (fake) => fake.waitForImport("a", { patience: 10 }));
  assert.deepEqual([result.code, result.status], ["import_unfinished", null]);
});
