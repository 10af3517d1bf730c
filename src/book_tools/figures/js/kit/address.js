// A state in the address of a page: #figure=NAME.NUMBER.STATE, the state as JSON in base64url.

import { same } from "./numbers.js";

const encode = (text) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
const decode = (text) =>
  new TextDecoder("utf-8", { fatal: true }).decode(
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0)),
  );

/** The fragment for a state: only what differs from the state that the page itself gives. */
export const fragment = (place, state, initial) =>
  `#figure=${place}.${encode(JSON.stringify(Object.fromEntries(Object.entries(state).filter(([k, v]) => !same(v, initial[k])))))}`;

/** What the address of this page says about the figure at `place` ("NAME.NUMBER"), or null. */
export function fromAddress(place, traits) {
  const start = `#figure=${place}.`;
  if (!location.hash.startsWith(start)) return null;
  try {
    const said = JSON.parse(decode(location.hash.slice(start.length)));
    return Object.fromEntries(Object.entries(said).filter(([name]) => traits.includes(name)));
  } catch {
    return null; // cut off or written by hand: the page's own state stands
  }
}
