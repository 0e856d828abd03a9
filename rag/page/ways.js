// The views and their addresses: the conversation (?c=), the documents, one document to read
// (?doc=, ?at=), the conversations, the settings. Each way taken is a step of the browser's history.
(() => {
  const VIEWS = ['talk', 'docs', 'read', 'talks', 'settings'];
  const shown = () => document.querySelector('#wj-id [data-id]')?.dataset.id ?? '';
  let viewed = '';

  function address({ view, c = '', doc = '', at = '' }) {
    const place = new URL(window.location);
    const values = { view: view === 'talk' ? '' : view, c: view === 'talk' ? c : '', doc, at };
    for (const [name, value] of Object.entries(values)) {
      if (value) place.searchParams.set(name, value); else place.searchParams.delete(name);
    }
    return place;
  }
  // Without `c` the conversation that is shown goes on.
  window.wj.go = ({ view, c = shown(), doc, at }, { replace = false } = {}) => {
    const place = address({ view, c, doc, at });
    if (place.href !== window.location.href) window.history[replace ? 'replaceState' : 'pushState']({}, '', place);
    arrive();
  };
  // What the address names is shown.
  function arrive() {
    const here = new URLSearchParams(window.location.search);
    const named = here.get('view') ?? '';
    const view = VIEWS.includes(named) ? named : 'talk';
    const c = here.get('c') ?? '';
    if (view === 'talk' && c !== shown()) document.dispatchEvent(new CustomEvent('wj-open', { detail: { id: c } }));
    const moved = view !== viewed;
    viewed = view;
    for (const one of VIEWS) document.body.classList.toggle(`wj-view-${one}`, one === view);
    marked();
    if (moved) window.scrollTo(0, 0);
    document.dispatchEvent(new CustomEvent('wj-view', { detail: view }));
  }
  function marked() {
    for (const way of document.querySelectorAll('.wj-nav [data-view]')) {
      const here = way.dataset.view === (viewed === 'read' ? 'docs' : viewed || 'talk');
      if (here === way.hasAttribute('aria-current')) continue;
      if (here) way.setAttribute('aria-current', 'page'); else way.removeAttribute('aria-current');
    }
  }
  window.addEventListener('popstate', arrive);
  document.addEventListener('click', (event) => {
    const way = event.target.closest?.('[data-view]');
    if (way) window.wj.go({ view: way.dataset.view });
  });

  // The head is made anew when the page has loaded; what the address names is shown once it is there.
  let arrived = false;
  let last = null;
  new MutationObserver(() => {
    marked();
    const holder = document.querySelector('#wj-id [data-id]');
    if (!holder) return; // the page is still loading what the address names
    if (!arrived && document.querySelector('.wj-nav')) {
      arrived = true;
      const here = new URL(window.location);
      if (here.searchParams.get('c') && !window.history.state) begin(here);
      if (here.searchParams.get('view') && !viewed) arrive(); // nobody has gone elsewhere meanwhile
    }
    if (holder.dataset.id === last) return;
    last = holder.dataset.id;
    const place = new URL(window.location);
    if ((place.searchParams.get('c') ?? '') === last || viewed !== 'talk' && viewed) return;
    if (last && !place.searchParams.get('c')) return begin(address({ view: 'talk', c: last }));
    window.history.replaceState({}, '', address({ view: 'talk', c: last }));
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-id'] });
  // From a conversation the way back leads to the conversations.
  function begin(place) {
    window.history.replaceState({}, '', address({ view: 'talks' }));
    window.history.pushState({}, '', place);
  }
})();
