// The page of a PDF as it looks, with the quotation boxed; its numbers come from the server, no
// text is built into HTML.
(() => {
  const { say, api, call, made, button } = window.wj;
  const WIDTH = 1200;
  const MOST = 12; // pages at once
  const NEAR = 400; // pixels from an end, at which the next page is drawn
  let wanted = false; // pages are shown until they are put away again
  let large = null; // at first where the panel is narrow: what is boxed is to be read as a whole
  let asked = 0;

  const panel = () => document.querySelector('.wj-panel-body');
  const switcher = () => panel()?.querySelector('[data-picture]');

  // The quotation that was clicked, else the passage.
  function place() {
    const { document: name, start, end } = switcher().dataset;
    const quoted = panel().dataset;
    return quoted.start ? { document: name, start: quoted.start, end: quoted.end }
      : { document: name, start, end };
  }

  const drawn = (page) => call(api('page', { ...place(), page, width: WIDTH }));

  // The page of the quotation; those before and after it follow as one scrolls.
  async function show() {
    const turn = ++asked;
    const frame = panel().querySelector('.wj-ev-page');
    switcher().setAttribute('aria-pressed', 'true');
    frame.hidden = false;
    if (!frame.firstChild) frame.append(made('p', 'wj-note', say('evidence.drawing')));
    try {
      const first = await drawn('');
      if (turn !== asked || !frame.isConnected) return;
      const view = opened(first);
      frame.replaceChildren(view.bar, view.note, view.sheet);
      focus(view.sheet);
      told(view);
    } catch (error) {
      if (turn === asked) frame.replaceChildren(made('p', 'wj-note', error.message));
    }
  }

  // What is shown of a document: the pages `first` to `last`, each a `wj-page-paper` of `sheet`.
  function opened(first) {
    large ??= panel().clientWidth < 560;
    const sheet = made('div', 'wj-page-sheet');
    sheet.tabIndex = 0;
    sheet.setAttribute('role', 'region');
    sheet.setAttribute('aria-label', first.document);
    sheet.classList.toggle('wj-large', large);
    sheet.append(paper(first));
    const view = { sheet, bar: made('div', 'wj-page-bar'), first: first.page, last: first.page, ended: false, busy: null, error: '' };
    view.note = made('p', 'wj-note wj-page-note');
    view.note.setAttribute('role', 'status');
    view.before = button('‹', say('evidence.previous'), () => turn(view, -1));
    view.number = made('span');
    view.number.setAttribute('aria-live', 'polite');
    view.after = button('›', say('evidence.next'), () => turn(view, 1));
    const size = button(say(large ? 'evidence.smaller' : 'evidence.larger'), say('evidence.larger'), () => {
      large = !large;
      size.textContent = say(large ? 'evidence.smaller' : 'evidence.larger');
      size.setAttribute('aria-pressed', String(large));
      const at = current(view);
      sheet.classList.toggle('wj-large', large);
      if (at.querySelector('.wj-page-box')) focus(sheet); else sheet.scrollTop = at.offsetTop;
    });
    size.setAttribute('aria-pressed', String(large));
    view.bar.append(view.before, view.number, view.after, size);
    sheet.addEventListener('scroll', () => {
      told(view);
      if (sheet.scrollTop < NEAR) more(view, -1);
      if (sheet.scrollHeight - sheet.scrollTop - sheet.clientHeight < NEAR) more(view, 1);
    });
    return view;
  }

  // Draws one page more at an end; at the other one some go, so that there are never too many.
  function more(view, side) {
    const page = side < 0 ? view.first - 1 : view.last + 1;
    if (view.busy || page < 1 || (side > 0 && view.ended)) return view.busy;
    view.busy = (async () => {
      try {
        const one = paper(await drawn(page));
        const { sheet } = view;
        if (!sheet.isConnected) return;
        const height = sheet.scrollHeight;
        if (side < 0) {
          sheet.prepend(one);
          sheet.scrollTop += sheet.scrollHeight - height;
          view.first = page;
        } else {
          sheet.append(one);
          view.last = page;
        }
        if (view.last - view.first < MOST) return;
        const before = sheet.scrollHeight;
        if (side < 0) {
          sheet.lastChild.remove();
          view.last -= 1;
          view.ended = false;
        } else {
          sheet.firstChild.remove();
          sheet.scrollTop -= before - sheet.scrollHeight;
          view.first += 1;
        }
      } catch (error) { // there is no such page, or no file any more
        view.error = error.message;
        view.ended = view.ended || side > 0;
      } finally {
        view.busy = null;
        told(view);
      }
    })();
    return view.busy;
  }

  async function turn(view, side) {
    const to = Number(current(view).dataset.page) + side;
    await view.busy;
    if (to < view.first || to > view.last) await more(view, side);
    const target = view.sheet.querySelector(`[data-page="${to}"]`);
    if (target) view.sheet.scrollTop = target.offsetTop;
    view.note.textContent = target ? '' : view.error;
  }
  function current({ sheet }) {
    const middle = sheet.scrollTop + sheet.clientHeight / 2;
    const papers = [...sheet.children];
    return papers.findLast((one) => one.offsetTop <= middle) ?? papers[0];
  }
  function told(view) {
    const page = Number(current(view).dataset.page);
    const text = say('evidence.page', { page: String(page) });
    if (view.number.textContent !== text) view.number.textContent = text;
    view.before.disabled = page <= 1;
    view.after.disabled = view.ended && page >= view.last;
  }

  function paper(one) {
    const sheet = made('div', 'wj-page-paper');
    sheet.dataset.page = one.page;
    const image = made('img');
    image.alt = `${one.document} ${say('evidence.page', { page: String(one.page) })}`;
    image.width = one.width;
    image.height = one.height;
    image.src = `data:image/png;base64,${one.png}`;
    sheet.append(image, ...one.boxes.map((box) => {
      const mark = made('i', 'wj-page-box');
      mark.style.left = `${(100 * box.x0) / one.width}%`;
      mark.style.top = `${(100 * box.y0) / one.height}%`;
      mark.style.width = `${(100 * (box.x1 - box.x0)) / one.width}%`;
      mark.style.height = `${(100 * (box.y1 - box.y0)) / one.height}%`;
      return mark;
    }));
    return sheet;
  }

  // The boxed sentence comes into the middle.
  function focus(sheet) {
    const boxes = [...sheet.querySelectorAll('.wj-page-box')];
    if (!boxes.length) return;
    const left = Math.min(...boxes.map((box) => box.offsetLeft));
    const top = boxes[0].parentElement.offsetTop + boxes[0].offsetTop;
    sheet.scrollTo(left - 24, top - sheet.clientHeight / 3);
  }

  function hide() {
    asked += 1;
    switcher().setAttribute('aria-pressed', 'false');
    panel().querySelector('.wj-ev-page').hidden = true;
  }

  document.addEventListener('click', (event) => {
    if (!event.target.closest?.('.wj-panel [data-picture]')) return;
    wanted = switcher().getAttribute('aria-pressed') !== 'true';
    if (wanted) show(); else hide();
  });
  document.addEventListener('wj-evidence', () => { if (wanted && switcher()) show(); });
})();
