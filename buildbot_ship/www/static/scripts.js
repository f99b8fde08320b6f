// Buildbot loads this file as a script.  The page itself is made of modules.
(() => {
  const here = document.currentScript.src;
  import(new URL("page.js", here)).then(({ register }) => register());
})();
