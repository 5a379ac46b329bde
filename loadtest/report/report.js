// Replaces each static chart with a live one that follows the reader's choice of a load.
"use strict";

const views = new Map(); // the Vega views of each picture, by its id

// A chart's title is its own heading or, without one, the picture's title, which changes with the step.
function describe(chart) {
  const { title, description, conclusion } = chart.dataset;
  chart.querySelector("title").textContent = title || conclusion;
  chart.querySelector("desc").textContent = `${description} ${conclusion}.`;
}

function name(chart, svg) {
  for (const what of ["desc", "title"]) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", what);
    element.id = `${chart.id}-${what}`;
    svg.prepend(element);
  }
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-labelledby", `${chart.id}-title ${chart.id}-desc`);
  svg.removeAttribute("aria-label");
}

async function draw(data) {
  const chart = document.getElementById(data.dataset.chart);
  const place = document.createElement("div");
  const stands = chart.firstElementChild;
  place.className = "live";
  chart.append(place);
  try {
    const { view } = await vegaEmbed(place, JSON.parse(data.textContent), { actions: false, renderer: "svg" });
    stands.remove();
    name(chart, place.querySelector("svg"));
    describe(chart);
    const picture = chart.closest(".picture").id;
    views.set(picture, [...(views.get(picture) ?? []), view]);
  } catch (error) {
    place.remove(); // the static chart stays
    throw error;
  }
}

function offer(select) {
  select.closest(".choice").hidden = false;
  select.addEventListener("change", () => {
    const picture = select.dataset.picture;
    const conclusion = select.selectedOptions[0].dataset.title;
    document.getElementById(`${picture}-heading`).textContent = conclusion;
    for (const chart of document.querySelectorAll(`#${picture} .chart`)) {
      chart.dataset.conclusion = conclusion;
      describe(chart);
    }
    for (const view of views.get(picture) ?? []) view.signal("step", Number(select.value)).runAsync();
  });
}

// Vega is compressed, because it would be most of the page.
async function unpack() {
  const packed = Uint8Array.from(atob(document.getElementById("library").textContent), (letter) => letter.charCodeAt(0));
  const code = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(code).text();
  document.head.append(script);
}

async function start() {
  await unpack();
  await Promise.all([...document.querySelectorAll("script[data-chart]")].map(draw));
  document.querySelectorAll("select[data-picture]").forEach(offer);
  document.documentElement.dataset.drawn = "all";
}

start();
