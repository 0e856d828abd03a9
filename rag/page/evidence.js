// What stands before and after a passage, more with every click.
(() => {
  const MOST = 5000;
  document.addEventListener('click', async (event) => {
    const button = event.target.closest?.('.wj-panel [data-around]');
    if (!button) return;
    const { document: name, start, end, around } = button.dataset;
    const place = window.wj.api('passage', { document: name, start, end, around });
    const response = await window.wj.ask(place).catch(() => null);
    const value = await response?.json().catch(() => null);
    if (!response?.ok || !value) {
      button.textContent = value?.error ?? '…';
      return;
    }
    const [before, after] = button.closest('.wj-panel').querySelectorAll('.wj-ev-near');
    before.textContent = value.before;
    after.textContent = value.after;
    button.dataset.around = Math.min(MOST, Number(around) * 3);
    const rest = value.characters - value.before.length - value.text.length - value.after.length;
    button.hidden = Number(around) >= MOST || rest <= 0;
  });
})();
