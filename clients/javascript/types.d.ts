/** JSON that the client sends and receives, and options of its calls. Answers may have further fields. */

/** Points [x, y] or [x, y, pressure] on a canvas, y down; `colors` has the colour of each stroke, null for ink. */
export type Strokes = { width: number; height: number; strokes: number[][][]; colors?: (string | null)[] };
/** Bytes of an image file. */
export type Picture = Blob | BufferSource;
export type Sketch = Strokes | Picture;
/** One or several. */
export type Values = string | string[];
type Text = string | null;

/** `timeout` of one try, in ms; how often a refused request is sent again where that is safe. */
export type ConnectionOptions = { key?: string; timeout?: number; retries?: number };
/** The signal cancels the call; `timeout` is of one try, in ms. */
export type CallOptions = { signal?: AbortSignal; timeout?: number };

/** Conditions that products have to meet, order and language of the results. `cursor` is the `next` of an answer. */
export type Filters = {
  q?: string;
  category?: string;
  color?: Values;
  brand?: Values;
  gender?: Values;
  size?: Values;
  attribute?: Values;
  in_stock?: boolean;
  min_price?: number | string;
  max_price?: number | string;
  currency?: string;
  variants?: boolean;
  sort?: "likeness" | "price_asc" | "price_desc";
  cursor?: string;
  lang?: string;
};

/** `session` is the random id of the shopper's session, 32 hexadecimal digits: that of its events. */
export type SimilarOptions = Filters & { session?: string };

/** Colours `paint` come first; `crop`: left, top, right, bottom of a box in a photo, as fractions. */
export type SearchOptions = SimilarOptions & {
  kind?: "auto" | "sketch" | "photo";
  mirror?: boolean;
  paint?: Values;
  crop?: number[];
};

export type ProductSummary = {
  product_id: string;
  title: string;
  category: Text;
  category_label: Text;
  price: number | null;
  currency: Text;
  regular_price: number | null;
  brand: Text;
  link: Text;
  photo_url: Text;
  thumbnail_url: Text;
  photo_urls: string[];
};

export type Result = ProductSummary & {
  group_id: Text;
  variants: number;
  sizes: string[];
  colors: string[];
  color_labels: string[];
  prices: { currency: Text; min: number; max: number; regular: number | null }[];
  availability: Text;
  in_stock: boolean;
  description: Text;
  rank: number;
  distance: number;
};

/** `words` is null without words, `object` for anything but a photo, `search_id` unless the server counts events. */
export type SearchAnswer = {
  results: Result[];
  gallery: { size: number; revision: number };
  timings_ms: Record<string, number>;
  kind: "sketch" | "photo" | "words";
  object: { left: number; top: number; right: number; bottom: number; guessed: boolean } | null;
  confident: boolean;
  next: Text;
  words: { corrected: { word: string; taken_for: string[] }[]; dropped: string[] } | null;
  checkpoint: string;
  search_id: Text;
};

/** What happened to the results of a search. `rank` is null for a product that was reached otherwise. */
export type Event = {
  kind: "shown" | "opened" | "shop";
  search_id: string;
  product_id?: Text;
  rank?: number | null;
};
export type EventReceipt = { accepted: number; ignored: number };

export type Texts = { title: Text; category: Text; description: Text; color: Text; link: Text };
/** `translations` has the texts by language. */
export type Product = ProductSummary & {
  color: Text;
  color_label: Text;
  gender: Text;
  size: Text;
  size_system: Text;
  size_type: Text;
  group_id: Text;
  availability: Text;
  description: Text;
  attributes: { name: string; value: string }[];
  translations: Record<string, Texts>;
};
export type ProductDetails = Product & { photo_width: number | null; photo_height: number | null };

type Fields = {
  title?: Text;
  category?: Text;
  price?: number | string | null;
  currency?: Text;
  link?: Text;
  color?: Values | null;
  gender?: Text;
  brand?: Text;
  size?: Values | null;
  size_system?: Text;
  size_type?: Values | null;
  group_id?: Text;
  availability?: Text;
  description?: Text;
  custom_label_0?: Text;
  custom_label_1?: Text;
  custom_label_2?: Text;
  custom_label_3?: Text;
  custom_label_4?: Text;
  cost_of_goods_sold?: number | string | null;
};
/** Fields that are missing are cleared. `image_link` has URLs of photos, for products that are sent without photos. */
export type ProductFields = Fields & { attributes?: Record<string, Values>; image_link?: Values | null };
/** Fields that are missing stay, and null removes one. */
export type ProductChanges = Fields & { attributes?: Record<string, Values | null> | null };
export type ProductPatch = ProductChanges & { product_id: string };

/** `where` is the line of a feed or the position of a patch, such as "line 7". */
export type Problem = { where: string; reason: string; kind: "entry" | "duplicate" | "photo" };
/** Each patch is counted once. The first 100 errors and unknown ids are listed. */
export type PatchReport = {
  changed: number;
  unchanged: number;
  unknown: number;
  error_count: number;
  unknown_ids: string[];
  errors: Problem[];
  revision: number | null;
};
export type Deletion = { product_id: string; revision: number };
export type Deletions = { deleted: number; unknown: number; revision: number | null };

/** A `complete` feed removes products that it lacks, at most `maxRemoved` percent of all (20). `dryRun` only checks.
 * With a `language`, the feed only adds its texts, in that language, to products that exist. */
export type ImportOptions = { complete?: boolean; maxRemoved?: number; dryRun?: boolean; language?: string };
export type Import = {
  id: string;
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  total: number | null;
  done: number;
  added: number;
  updated: number;
  unchanged: number;
  removed: number;
  complete: boolean;
  dry_run: boolean;
  language: Text;
  error_count: number;
  errors: Problem[];
  errors_next: number | null;
  message: Text;
  created: number;
  updated_at: number;
};

export type Health = { status: string; version: string; build: Text; checkpoint: Text };
/** `degraded` while the database is away. */
export type Readiness = { status: "ready" | "degraded"; database: "up" | "away" };
