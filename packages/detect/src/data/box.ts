/** x1, y1, x2, y2 in pixels of the image, right and bottom side exclusive: x2 - x1 is the width. */
export type Box = readonly [number, number, number, number];
