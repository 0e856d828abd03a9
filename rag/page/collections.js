// The collections: shown where there can be several, chosen (the tab's address names it), made.
(() => {
  const { collection, api, call, send } = window.wj;
  const find = (name) => document.querySelector(`.wj-docs ${name}`);

  function go(name, standard) {
    const place = new URL(window.location);
    for (const one of ['collection', 'c']) place.searchParams.delete(one);
    if (name !== standard) place.searchParams.set('collection', name);
    place.hash = 'docs';
    if (place.search === window.location.search) window.location.reload();
    else window.location.assign(place);
  }
  let known = { default: '', collections: [] };
  async function list() {
    known = await call(api('collections'));
    find('.wj-collections').hidden = !known.several;
    find('.wj-collection').replaceChildren(...known.collections.map((name) => {
      const one = new Option(name, name);
      one.selected = name === (collection || known.default);
      return one;
    }));
  }
  function failed(error) {
    const place = find('> .wj-docs-note');
    place.textContent = error.message;
    place.classList.add('wj-bad');
  }

  document.addEventListener('wj-view', ({ detail }) => { if (detail === 'docs') list().catch(failed); });
  document.addEventListener('change', (event) => {
    if (event.target.matches('.wj-collection')) go(event.target.value, known.default);
  });
  document.addEventListener('click', (event) => {
    const button = event.target.closest?.('.wj-collection-new');
    if (!button) return;
    const form = find('.wj-collection-form');
    form.hidden = !form.hidden;
    button.setAttribute('aria-expanded', String(!form.hidden));
    if (!form.hidden) form.querySelector('input').focus();
  });
  document.addEventListener('submit', async (event) => {
    if (!event.target.matches('.wj-collection-form')) return;
    event.preventDefault();
    const name = event.target.querySelector('input').value.trim();
    try {
      await send(api('collections'), 'POST', { name });
      go(name, known.default);
    } catch (error) { failed(error); }
  });

  // A collection just chosen or made opens at its documents, once they are on the page.
  if (window.location.hash === '#docs') {
    const there = new MutationObserver(() => {
      if (!find('.wj-docs-list') || !document.querySelector('.wj-nav')) return;
      there.disconnect();
      const place = new URL(window.location);
      place.hash = '';
      window.history.replaceState(null, '', place);
      document.dispatchEvent(new CustomEvent('wj-view', { detail: 'docs' }));
    });
    there.observe(document.documentElement, { childList: true, subtree: true });
  }
})();
