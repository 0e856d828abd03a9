// The collections: shown where there can be several, chosen (the tab's address names it), made,
// renamed, deleted.
(() => {
  const { collection, say, api, call, send } = window.wj;
  const find = (name) => document.querySelector(`.wj-docs ${name}`);

  function go(name, standard) {
    const place = new URL(window.location);
    for (const one of ['collection', 'c', 'doc', 'at', 'documents', 'tags', 'since', 'until']) place.searchParams.delete(one);
    if (name !== standard) place.searchParams.set('collection', name);
    place.searchParams.set('view', 'docs');
    if (place.search === window.location.search) window.location.reload();
    else window.location.assign(place);
  }
  let known = { default: '', collections: [] };
  const shown = () => collection || known.default;
  const path = () => api(`collections/${encodeURIComponent(shown())}`);
  async function list() {
    known = await call(api('collections'));
    const there = known.collections.includes(shown());
    find('.wj-collections').hidden = !known.several && there;
    const fixed = shown() === known.default || !there;
    for (const act of ['rename', 'delete']) find(`button[data-collection=${act}]`).hidden = fixed;
    find('.wj-collection').replaceChildren(...known.collections.map((name) => {
      const one = new Option(name, name);
      one.selected = name === shown();
      return one;
    }));
    if (!there) { // renamed or deleted in another tab
      const gone = new Option(shown(), shown(), true, true);
      gone.disabled = true;
      find('.wj-collection').prepend(gone);
    }
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
    const button = event.target.closest?.('.wj-collections button[data-collection]');
    if (button) open(button.getAttribute('aria-expanded') === 'true' ? '' : button.dataset.collection);
  });
  // One form at a time, none for an empty name.
  function open(act) {
    for (const button of document.querySelectorAll('.wj-collections button[data-collection]')) {
      button.setAttribute('aria-expanded', String(button.dataset.collection === act));
    }
    for (const form of document.querySelectorAll('.wj-collection-form')) {
      form.hidden = form.dataset.collection !== act;
      if (form.hidden) continue;
      const field = form.querySelector('input');
      field.value = act === 'rename' ? shown() : '';
      field.focus();
      field.select();
    }
  }
  document.addEventListener('keydown', (event) => {
    const form = event.key === 'Escape' && event.target.closest?.('.wj-collection-form');
    if (!form) return;
    open('');
    find(`button[data-collection=${form.dataset.collection}]`).focus();
  });
  document.addEventListener('submit', async (event) => {
    if (!event.target.matches('.wj-collection-form')) return;
    event.preventDefault();
    const name = event.target.querySelector('input').value.trim();
    const button = event.target.querySelector('button');
    button.disabled = true;
    try {
      await ACTS[event.target.dataset.collection](name);
    } catch (error) { failed(error); }
    button.disabled = false;
  });

  const ACTS = {
    new: async (name) => {
      await send(api('collections'), 'POST', { name });
      go(name, known.default);
    },
    rename: async (name) => {
      await send(path(), 'PATCH', { name });
      go(name, known.default);
    },
    delete: async (name) => {
      if (name !== shown()) throw new Error(say('collections.delete_other', { name: shown() }));
      await call(path(), { method: 'DELETE' });
      go(known.default, known.default);
    },
  };
})();
