/** What of perfect-freehand 1.2.3 the page uses. */
export interface StrokeOptions {
  size?: number;
  thinning?: number;
  streamline?: number;
  simulatePressure?: boolean;
  /** Whether the last point is the end of the stroke. */
  last?: boolean;
}

/** The outline of a stroke through points [x, y, pressure]. */
export function getStroke(points: readonly number[][], options?: StrokeOptions): [x: number, y: number][];
