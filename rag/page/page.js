// Citations open their evidence: a turn holds the cards of its passages, unseen (.wj-store);
// a click copies one of them into the panel. No text is built into HTML here.
(() => {
  const wide = window.matchMedia('(min-width: 1000px)');
  let shown = null; // the button whose evidence is open

  const panel = () => document.querySelector('.wj-panel');

  function show(button, byHand) {
    const turn = button.closest('.wj-turn');
    const card = turn?.querySelector(`.wj-store > [data-n="${CSS.escape(button.dataset.n)}"]`);
    if (!card) return;
    const body = panel().querySelector('.wj-panel-body');
    body.replaceChildren(...[...card.childNodes].map((node) => node.cloneNode(true)));
    const numbers = button.dataset.c;
    const marks = [...body.querySelectorAll('mark')];
    for (const mark of marks) {
      mark.classList.toggle('wj-on', !numbers || mark.dataset.c.split(' ').includes(numbers));
    }
    document.querySelectorAll('.wj-open').forEach((other) => other.classList.remove('wj-open'));
    button.classList.add('wj-open');
    shown = button;
    document.body.classList.add('wj-has-evidence');
    document.body.classList.toggle('wj-sheet', byHand && !wide.matches);
    const quoted = numbers && turn.querySelector(`.wj-cite[data-c="${CSS.escape(numbers)}"]`);
    body.dataset.start = quoted ? quoted.dataset.start : '';
    body.dataset.end = quoted ? quoted.dataset.end : '';
    const target = body.querySelector('mark.wj-on');
    body.scrollTop = target
      ? target.getBoundingClientRect().top - body.getBoundingClientRect().top - body.clientHeight / 3
      : 0;
    if (byHand && !wide.matches) panel().focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent('wj-evidence'));
  }

  function close() {
    const sheet = document.body.classList.contains('wj-sheet');
    document.body.classList.remove('wj-sheet');
    if (wide.matches) document.body.classList.remove('wj-has-evidence');
    document.querySelectorAll('.wj-open').forEach((other) => other.classList.remove('wj-open'));
    if (sheet) shown?.focus({ preventScroll: true });
  }

  // The quotation beside a citation that is pointed at or focused.
  const tip = document.createElement('div');
  tip.className = 'wj-tip';
  tip.setAttribute('role', 'tooltip');
  tip.hidden = true;
  function hint(button) {
    tip.hidden = !button || !wide.matches;
    if (tip.hidden) return;
    const place = document.createElement('small');
    place.textContent = [button.dataset.mark, button.dataset.place].filter(Boolean).join(' · ');
    place.dataset.support = button.closest('.wj-s').dataset.support;
    tip.replaceChildren(button.dataset.quote, place);
    document.querySelector('.gradio-container').append(tip);
    const at = button.getBoundingClientRect();
    const left = Math.min(Math.max(12, at.left - 24), window.innerWidth - tip.offsetWidth - 12);
    const above = at.top - tip.offsetHeight - 8;
    tip.style.left = `${left + window.scrollX}px`;
    tip.style.top = `${(above > 8 ? above : at.bottom + 8) + window.scrollY}px`;
  }

  const cite = (event) => event.target.closest?.('.wj-s .wj-cite');
  document.addEventListener('mouseover', (event) => hint(cite(event)));
  document.addEventListener('focusin', (event) => hint(cite(event)));
  document.addEventListener('click', (event) => {
    if (event.target.closest('.wj-close')) return close();
    const button = event.target.closest('.wj-turn button[data-n]');
    if (button) { hint(null); return show(button, true); }
    const outside = !event.target.closest('.wj-panel');
    if (outside && document.body.classList.contains('wj-sheet')) close();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    if (!tip.hidden) hint(null); else close();
  });

  // When an answer is complete, its first evidence opens by itself where there is room for it.
  let settled = '';
  const top = (turn) => requestAnimationFrame(() => turn.scrollIntoView({ block: 'start' }));
  // The citation that holds the short answer, else the first.
  function opening(turn) {
    const cites = [...turn.querySelectorAll('.wj-cite')];
    const bare = (text) => text.replace(/\s/g, '');
    const short = bare(turn.querySelector('.wj-short')?.textContent ?? '');
    return cites.find((one) => short && bare(one.dataset.quote).includes(short)) ?? cites[0];
  }
  function follow() {
    const turn = document.querySelector('#wj-now .wj-turn');
    if (!turn) return;
    const question = turn.querySelector('.wj-question').textContent;
    if (turn.dataset.state === 'busy') {
      if (settled !== 'busy') top(turn);
      settled = 'busy';
    } else if (settled !== question) {
      if (settled !== 'busy') top(turn);
      settled = question;
      const first = opening(turn) ?? turn.querySelector('.wj-nearest button');
      if (first) show(first, false); else close();
    }
  }
  new MutationObserver(follow).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ['data-state'],
  });
})();
