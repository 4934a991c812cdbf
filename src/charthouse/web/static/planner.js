// One's own steps: Escape leaves a line that is being changed; a file that is too large is told before it is sent.
document.addEventListener("keydown", (event) => {
  const form = event.key === "Escape" && event.target.closest?.("form.editing");
  if (!form) return;
  event.stopPropagation();
  form.querySelector("[data-cancel]").click();
}, true);

document.addEventListener("change", (event) => {
  const box = event.target;
  if (!box.matches?.("input[type=file][data-most]")) return;
  const most = Number(box.dataset.most);
  const tooLarge = box.files[0] && box.files[0].size > most * 1024;
  box.setCustomValidity(tooLarge ? `This file has ${Math.ceil(box.files[0].size / 1024)} KB; at most ${most} KB are taken.` : "");
  if (tooLarge) box.reportValidity();
});

// What is refused as a whole is told above what was typed, and not in its place.
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (ctx.response.status < 400 || ctx.text.includes('id="steps"')) return;
  const trouble = document.getElementById("trouble");
  Object.assign(ctx, { target: trouble, swap: "innerHTML" });
  trouble.scrollIntoView({ block: "center" });
});
