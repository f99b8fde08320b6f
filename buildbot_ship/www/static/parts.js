// Small parts that all views share.  React escapes every text, so nothing becomes HTML.

const DAY_MS = 24 * 3600 * 1000;
export const h = window.React.createElement;

export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

export function shortDigest(digest) {
  return digest.slice(0, 19);
}

// A timestamp tag such as 2026-11-23T04-50-49-169150 as a time; null for another tag.
export function timeOfTag(tag) {
  const parts = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-\d{6}$/.exec(tag);
  return parts ? `${parts[1]}T${parts[2]}:${parts[3]}:${parts[4]}Z` : null;
}

export function days(time) {
  return (Date.now() - new Date(time)) / DAY_MS;
}

export function age(time) {
  const since = days(time);
  if (since < 1 / 24) {
    return `${Math.max(0, Math.round(since * 24 * 60))} min`;
  }
  return since < 2 ? `${Math.round(since * 24)} h` : `${Math.round(since)} days`;
}

export function Age({ time, suffix = "ago" }) {
  return h("time", { dateTime: time, title: time }, `${age(time)} ${suffix}`);
}

export function Code({ text, short }) {
  return h("code", { title: text }, short ?? text);
}

export function Commit({ commit }) {
  return h(Code, { text: commit, short: commit.slice(0, 12) });
}

export function BuildLink({ build }) {
  const url = `#/builders/${build.builder_id}/builds/${build.number}`;
  return h("a", { href: url }, `${build.builder} #${build.number}`);
}

export function Chip({ good, children }) {
  return h("span", { className: `ship-chip ${good ? "ship-good" : "ship-warn"}` }, children);
}

export function Fact({ name, children }) {
  return h("div", { className: "ship-fact" }, h("dt", null, name), h("dd", null, children));
}

export function Notice({ error, text }) {
  if (error) {
    return h("p", { className: "ship-notice ship-error", role: "alert" }, error);
  }
  return h("p", { className: "ship-notice", role: "status" }, text ?? "");
}

// The sizes of the last builds, the newest at the right.
export function Chart({ sizes }) {
  const width = 120;
  const height = 28;
  const top = Math.max(...sizes);
  const step = width / Math.max(sizes.length, 8);
  const bars = sizes.map((size, index) => {
    const tall = Math.max(2, (size / top) * height);
    const place = { x: index * step, y: height - tall, width: step * 0.7, height: tall };
    return h("rect", { key: index, ...place });
  });
  const label = `size of the last ${sizes.length} builds, now ${megabytes(sizes.at(-1))}, ` +
    `largest ${megabytes(top)}`;
  const box = { viewBox: `0 0 ${width} ${height}`, width, height };
  return h("svg", { className: "ship-chart", role: "img", "aria-label": label, ...box }, bars);
}
