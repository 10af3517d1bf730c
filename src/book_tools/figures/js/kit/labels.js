// Words beside points: where they overlap least.

const textWidth = (text) => [...text].reduce((sum, c) => sum + (c > "⺀" ? 13 : 7.2), 0);

const overlap = (a, b) =>
  Math.max(0, Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x)) *
  Math.max(0, Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y));

/** Where each of `labels` ({ text, at, angle }) goes in a square of `size`, away from the boxes `taken`. */
export function placeLabels(labels, taken, size) {
  const placed = [...taken];
  const page = { x: 4, y: 4, w: size - 8, h: size - 8 };
  return labels.map(({ text, at: [x, y], angle }) => {
    const w = textWidth(text) + 4;
    const candidates = [0, 45, -45, 90, -90, 135, -135, 180].map((turn, order) => {
      const direction = angle + (turn * Math.PI) / 180;
      const cx = x + Math.cos(direction) * (12 + w / 2);
      const cy = y + Math.sin(direction) * 19;
      const box = { x: cx - w / 2, y: cy - 9, w, h: 18 };
      const outside = w * 18 - overlap(box, page);
      const covered = placed.reduce((total, other) => total + overlap(box, other), 0);
      return { cx, cy, box, cost: covered + 20 * outside + 6 * order };
    });
    const best = candidates.reduce((a, b) => (b.cost < a.cost ? b : a));
    placed.push(best.box);
    return best;
  });
}
