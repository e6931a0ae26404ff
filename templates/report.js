(function () {
  "use strict";
  var root = document.documentElement;
  var themes = ["automatic", "light", "dark"];
  var key = "linguagraph-theme";

  // Storage is refused for some local files and inside notebooks; the choice then lasts for the page.
  function remembered() {
    try { return window.localStorage.getItem(key); } catch (refused) { return null; }
  }
  function remember(theme) {
    try { window.localStorage.setItem(key, theme); } catch (refused) { return; }
  }
  function apply(theme) {
    if (theme === "light" || theme === "dark") { root.setAttribute("data-theme", theme); }
    else { root.removeAttribute("data-theme"); }
  }
  function current() { return root.getAttribute("data-theme") || "automatic"; }

  var stored = remembered();
  if (stored) { apply(stored); }

  // Only what really scrolls is a stop for the Tab key.
  function updateScrollRegions() {
    document.querySelectorAll(".scroll").forEach(function (region) {
      var sideways = region.scrollWidth > region.clientWidth + 1;
      var scrolls = sideways || region.scrollHeight > region.clientHeight + 1;
      if (scrolls) { region.setAttribute("tabindex", "0"); } else { region.removeAttribute("tabindex"); }
      region.toggleAttribute("data-scrolls", scrolls);
      region.toggleAttribute("data-sideways", sideways);
    });
  }

  function followContents() {
    if (!("IntersectionObserver" in window)) { return; }
    var links = {};
    document.querySelectorAll(".contents a").forEach(function (link) {
      links[link.getAttribute("href").slice(1)] = link;
    });
    var seen = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (!entry.isIntersecting) { return; }
        Object.keys(links).forEach(function (name) { links[name].removeAttribute("aria-current"); });
        links[entry.target.id].setAttribute("aria-current", "location");
      });
    }, { rootMargin: "-10% 0px -75% 0px" });
    document.querySelectorAll(".finding-section").forEach(function (section) { seen.observe(section); });
  }

  document.addEventListener("DOMContentLoaded", function () {
    var button = document.getElementById("theme");
    button.hidden = false;
    button.textContent = "Theme: " + current();
    button.addEventListener("click", function () {
      var next = themes[(themes.indexOf(current()) + 1) % themes.length];
      apply(next);
      remember(next);
      button.textContent = "Theme: " + next;
    });
    updateScrollRegions();
    window.addEventListener("resize", updateScrollRegions);
    document.querySelectorAll("details").forEach(function (fold) {
      fold.addEventListener("toggle", updateScrollRegions);
    });
    followContents();
  });
})();
