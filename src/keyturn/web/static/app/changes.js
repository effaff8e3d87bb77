/* What the phone's owner changes while the app is open, by the browser's own sign or in the
   system's settings: heard, so that a screen mends itself. */

/* Call `changed` whenever one of these permissions is another than before; what ends it. */
export function permissions(changed, names) {
  const end = new AbortController();
  for (const name of names) watch(name, changed, end.signal);
  return () => end.abort();
}

/* The same, and whenever the network comes or goes, or somebody comes back to the page: from the
   settings, most likely, and no iOS tells of a permission. */
export function anything(changed) {
  const end = new AbortController(), { signal } = end;
  for (const name of ["notifications", "camera"]) watch(name, changed, signal);
  for (const kind of ["online", "offline"]) window.addEventListener(kind, changed, { signal });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") changed();
  }, { signal });
  return () => end.abort();
}

async function watch(name, changed, signal) {
  /* a browser that has no word for it refuses */
  const status = await navigator.permissions?.query({ name }).catch(() => null);
  if (!signal.aborted) status?.addEventListener("change", changed, { signal });
}
