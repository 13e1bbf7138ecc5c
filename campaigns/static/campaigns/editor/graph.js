// The steps of a sequence as a graph, and the changes that the editor makes to it.
// A sequence is {start, steps}: each step has a key and next, the key that follows on each outcome, or null for the
// end. An edge is {pairs, start}: the outcomes that lead over it, as [{from, outcomes}], or the way to the first step.
(function () {
    "use strict";

    function byKey(sequence) {
        return new Map(sequence.steps.map(function (step) { return [step.key, step]; }));
    }

    function outcomeKeys(step) {
        return step.outcomes.map(function (outcome) { return outcome.key; });
    }

    // The outcomes of a step by where they lead. Those of a fork stand alone, also where they lead to the same step.
    function groups(step) {
        const found = [];
        step.outcomes.forEach(function (outcome) {
            const target = step.next[outcome.key] === undefined ? null : step.next[outcome.key];
            const same = !step.fork && found.find(function (group) { return group.target === target; });
            if (same) {
                same.outcomes.push(outcome);
            } else {
                found.push({ target: target, outcomes: [outcome] });
            }
        });
        return found;
    }

    function mainNext(step) {
        const first = step.outcomes[0];
        const target = first && step.next[first.key];
        return target === undefined || target === "" ? null : target;
    }

    // The steps that can be reached from a step, itself included, without entering those that are closed.
    function reach(steps, key, closed) {
        const found = [];
        const waiting = key === null ? [] : [key];
        while (waiting.length) {
            const at = waiting.shift();
            if (found.includes(at) || closed.has(at) || !steps.has(at)) { continue; }
            found.push(at);
            const step = steps.get(at);
            outcomeKeys(step).forEach(function (outcome) {
                if (step.next[outcome]) { waiting.push(step.next[outcome]); }
            });
        }
        return found;
    }

    // The first step at which at least two paths of a step come together again; null if they do not.
    function join(steps, step, seen) {
        const closed = new Set([...seen, step.key]);
        const ways = groups(step).map(function (group) { return reach(steps, group.target, closed); });
        const open = ways.filter(function (way) { return way.length; });
        if (open.length < 2) { return null; }
        const everywhere = open[0].find(function (key) { return open.every(function (way) { return way.includes(key); }); });
        return everywhere || null;
    }

    function edgeTarget(sequence, edge) {
        if (edge.start) { return sequence.start; }
        const pair = edge.pairs[0];
        return byKey(sequence).get(pair.from).next[pair.outcomes[0]];
    }

    function lead(sequence, edge, key) {
        if (edge.start) { sequence.start = key; return; }
        const steps = byKey(sequence);
        edge.pairs.forEach(function (pair) {
            pair.outcomes.forEach(function (outcome) { steps.get(pair.from).next[outcome] = key; });
        });
    }

    function place(sequence, step, edge) {
        const last = edge.start ? -1 : Math.max(...edge.pairs.map(function (pair) {
            return sequence.steps.findIndex(function (each) { return each.key === pair.from; });
        }));
        sequence.steps.splice(last + 1, 0, step);
    }

    // Puts a new step on an edge. All its outcomes lead to where the edge led.
    function insert(sequence, edge, step) {
        const target = edgeTarget(sequence, edge) || null;
        step.next = {};
        outcomeKeys(step).forEach(function (outcome) { step.next[outcome] = target; });
        lead(sequence, edge, step.key);
        place(sequence, step, edge);
    }

    // The steps of a fork's paths up to where they come together, and that place.
    function region(sequence, step) {
        const steps = byKey(sequence);
        if (groups(step).length < 2) { return { keys: [step.key], exit: mainNext(step) }; }
        const before = new Set();
        const exit = join(steps, step, before);
        const closed = new Set(exit ? [exit] : []);
        return { keys: reach(steps, step.key, closed), exit: exit };
    }

    function redirect(sequence, key, target, except) {
        sequence.steps.forEach(function (step) {
            if (except.includes(step.key)) { return; }
            outcomeKeys(step).forEach(function (outcome) {
                if (step.next[outcome] === key) { step.next[outcome] = target === step.key ? null : target; }
            });
        });
        if (sequence.start === key) { sequence.start = target; }
    }

    // Takes a step out. What led to it leads to what follows on its usual outcome; the steps that only its other paths
    // led to go with it. Returns how many those are.
    function remove(sequence, key) {
        const steps = byKey(sequence);
        const step = steps.get(key);
        const below = reach(steps, key, new Set());
        redirect(sequence, key, mainNext(step), [key]);
        sequence.steps = sequence.steps.filter(function (each) { return each.key !== key; });
        const left = reach(byKey(sequence), sequence.start, new Set());
        const lost = below.filter(function (each) { return each !== key && !left.includes(each); });
        sequence.steps = sequence.steps.filter(function (each) { return !lost.includes(each.key); });
        return lost.length;
    }

    function canMove(sequence, key, edge) {
        const step = byKey(sequence).get(key);
        const keys = region(sequence, step).keys;
        if (edge.pairs.some(function (pair) { return keys.includes(pair.from); })) { return false; }
        return edgeTarget(sequence, edge) !== key;
    }

    // Moves a step, with its paths up to where they come together, onto an edge.
    function move(sequence, key, edge) {
        const step = byKey(sequence).get(key);
        const moved = region(sequence, step);
        redirect(sequence, key, moved.exit, moved.keys);
        const target = edgeTarget(sequence, edge) || null;
        const steps = byKey(sequence);
        moved.keys.forEach(function (each) {
            const inside = steps.get(each);
            outcomeKeys(inside).forEach(function (outcome) {
                const to = inside.next[outcome];
                if (to === moved.exit && (moved.exit !== null || moved.keys.length === 1)) { inside.next[outcome] = target; }
            });
        });
        lead(sequence, edge, key);
        sequence.steps = sequence.steps.filter(function (each) { return each.key !== key; });
        place(sequence, step, edge);
    }

    // What is drawn: {items, end}. An item is {step, edge, branches, rest}; an end is {kind, edge, to}. Kinds of ends:
    // end, join (goes on below the branches), jump (goes on at a step that is drawn elsewhere), none.
    function layout(sequence) {
        const steps = byKey(sequence);
        const seen = new Set();

        function pairsTo(keys, target) {
            const found = [];
            keys.forEach(function (key) {
                const outcomes = outcomeKeys(steps.get(key)).filter(function (each) { return steps.get(key).next[each] === target; });
                if (outcomes.length) { found.push({ from: key, outcomes: outcomes }); }
            });
            return found;
        }

        function chain(start, first, stops) {
            const items = [];
            let key = start;
            let edge = first;
            for (;;) {
                if (key === null || key === undefined || !steps.has(key)) { return { items: items, end: { kind: "end", edge: edge } }; }
                if (stops.has(key)) { return { items: items, end: { kind: "join", edge: edge } }; }
                if (seen.has(key)) { return { items: items, end: { kind: "jump", edge: edge, to: key } }; }
                seen.add(key);
                const step = steps.get(key);
                const item = { step: step, edge: edge, branches: [] };
                items.push(item);
                const ways = groups(step);
                if (!ways.length) { return { items: items, end: { kind: "none" } }; }
                if (ways.length === 1) {
                    edge = { pairs: [{ from: key, outcomes: outcomeKeys(step) }] };
                    key = ways[0].target;
                    continue;
                }
                const meets = join(steps, step, seen);
                const below = meets ? new Set([...stops, meets]) : stops;
                const before = new Set(seen);
                item.branches = ways.map(function (way) {
                    const outcomes = way.outcomes.map(function (outcome) { return outcome.key; });
                    const branch = chain(way.target, { pairs: [{ from: step.key, outcomes: outcomes }] }, below);
                    branch.label = way.outcomes.map(function (outcome) { return outcome.label; }).join(", ");
                    branch.first = outcomes[0];
                    return branch;
                });
                if (!meets) { return { items: items, end: { kind: "none" } }; }
                const inside = [step.key, ...[...seen].filter(function (each) { return !before.has(each); })];
                edge = { pairs: pairsTo(inside, meets) };
                key = meets;
            }
        }

        const drawn = chain(sequence.start, { pairs: [], start: true }, new Set());
        const loose = [];
        sequence.steps.forEach(function (step) {
            if (!seen.has(step.key)) { loose.push(chain(step.key, null, new Set())); }
        });
        return { main: drawn, loose: loose, order: [...seen] };
    }

    // The steps as they are sent: in the order in which they are drawn, with all their links.
    function document_(sequence) {
        const steps = byKey(sequence);
        return layout(sequence).order.map(function (key) {
            const step = steps.get(key);
            const links = {};
            outcomeKeys(step).forEach(function (outcome) { links[outcome] = step.next[outcome] || null; });
            return {
                key: step.key, type: step.type, title: step.title, description: step.description || "",
                config: step.config, links: links,
            };
        });
    }

    // A copy of a step with other outcomes: those that stay keep their way, new ones follow the usual one.
    function withOutcomes(step, outcomes) {
        const usual = mainNext(step);
        const next = {};
        outcomes.forEach(function (outcome) {
            next[outcome.key] = step.next[outcome.key] === undefined ? usual : step.next[outcome.key];
        });
        step.outcomes = outcomes;
        step.next = next;
    }

    window.LadSequence = window.LadSequence || {};
    Object.assign(window.LadSequence, {
        byKey: byKey, groups: groups, insert: insert, remove: remove, move: move, canMove: canMove,
        layout: layout, document: document_, withOutcomes: withOutcomes, mainNext: mainNext,
    });
})();
