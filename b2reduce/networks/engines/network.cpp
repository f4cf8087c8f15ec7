// A spiking network: time runs in one program, cells side by side as lanes, spikes through sorted adjacency.
// A template: what stands in double braces is filled in from Brian2's own code generation. Names of the model start with m_.
// Cells, and the synapses onto them, belong to one part each, and every part is the work of one thread. What a cell receives
// comes in an order that does not depend on the parts: the spikes of the longest delay first, then by number of the source.
#include <atomic>
#include <thread>
#include <vector>

struct Network {  // mirrored by network_threads.Network
    double dt;
    int64_t first, last;  // steps of this call
    int64_t parts;
    int64_t mask;         // of steps, for their place in the rings of spikes
    int64_t every;        // steps between records
    int64_t turn;         // steps that parts may go without waiting for each other
    void *const *arrays;  // in the order of `network_code.NetworkSource.arrays`
    const int64_t *sizes; // of the groups
    std::atomic<int64_t> *arrived;
    const volatile int32_t *stop;
    void *under_way;      // as of `new_under_way`
};

namespace {

// Waits until all parts have come as far; false if they are asked to stop.
inline bool together(const Network *net, int64_t &round) {
    round++;
    net->arrived->fetch_add(1, std::memory_order_acq_rel);
    for (int64_t tries = 0; net->arrived->load(std::memory_order_acquire) < round * net->parts; tries++) {
        if (*net->stop) return false;
        if (tries > 2000) std::this_thread::yield();
    }
    return true;
}

// What spikes will do: of a projection and a part a ring over steps of those targets that they reach then.
struct UnderWay {
    struct Arrivals {
        std::vector<int32_t> targets;
        std::vector<double> factors;  // where synapses differ, or change with their spikes
    };
    std::vector<Arrivals> slots;
    int64_t mask = 0;
};

struct Spikes {  // of a group, a ring over steps: every part has the places of its own cells
    int32_t *cell;          // [slot][cell]
    int32_t *number;        // [slot][part]
    const int64_t *bounds;  // [part + 1]
};

inline void poisson_cumulative(double mean, int entries, double *cumulative) {
    double term = std::exp(-mean), sum = term;
    cumulative[0] = sum;
    for (int entry = 1; entry < entries; entry++) {
        term *= mean / entry;
        cumulative[entry] = sum += term;
    }
}

// The number of events where the table of their probabilities ends, exactly.
inline double poisson_beyond(double u, double mean, int entries, double cdf) {
    double term = std::exp(-mean + (entries - 1) * std::log(mean) - std::lgamma((double)entries)), number = entries;
    for (int k = entries; u >= cdf && k < 100000; k++) {
        term *= mean / k;
        const double next = cdf + term;
        if (next <= cdf && k > mean) break;  // the last bit of u is reached
        cdf = next;
        if (u >= cdf) number++;
    }
    return number;
}

{% for group in groups %}
// {{ group.name }}

struct {{ group.id }} {
    int64_t n, cells, begin, end;  // n: with those that fill the last block; begin and end: of this part
    Spikes spikes;
    {% for name in group.variables %}
    double *{{ name }}_;
    {% endfor %}
    double *m_lastspike_, *m_not_refractory_;
    {% if group.code.watch %}
    double *still_, *held_;
    {% endif %}
    {% for number in group.kept %}
    double *kept_{{ number }}_;  // drawn in the step of a spike, for its reset
    {% endfor %}
    {% for name in group.shared %}
    double {{ name }};
    {% endfor %}
    {% for name in group.differing %}
    const double *{{ name }}_;
    {% endfor %}
    {% for name, (text, switched) in group.code.invariants.items() %}
    {% if name in group.uniform %}
    double {{ name }}_[2];
    {% else %}
    double *{{ name }}_[2];
    {% endif %}
    {% endfor %}
    uint64_t *random;  // [block][word][lane]
    {% for drive in group.drives %}
    double mean_{{ loop.index0 }}, below_{{ loop.index0 }}[{{ most_entries }}];
    const double *means_{{ loop.index0 }}, *cumulative_{{ loop.index0 }}, *factor_{{ loop.index0 }};
    int64_t entries_{{ loop.index0 }}, factors_{{ loop.index0 }};
    {% endfor %}
    {% for each in group.plastic %}
    double *released_{{ each.id }};
    {% for name in each.variables %}
    double *{{ name }}_{{ each.id }};
    {% endfor %}
    double *before_{{ each.id }};
    {% for name in each.constants %}
    double {{ name }}_{{ each.id }};
    {% endfor %}
    {% endfor %}

    {{ group.id }}(const Network *net, int part) {
        const double m_dt = net->dt; (void)m_dt;
        n = net->sizes[{{ loop.index0 }}];
        cells = net->sizes[{{ groups|length + loop.index0 }}];
        spikes = {(int32_t *)net->arrays[{{ at(group.id + ".cell") }}], (int32_t *)net->arrays[{{ at(group.id + ".number") }}], (const int64_t *)net->arrays[{{ at(group.id + ".bounds") }}]};
        begin = spikes.bounds[part]; end = spikes.bounds[part + 1];
        double *state = (double *)net->arrays[{{ at(group.id + ".state") }}];
        {% for name in group.variables %}
        {{ name }}_ = state; state += n;
        {% endfor %}
        m_lastspike_ = state; m_not_refractory_ = state + n; state += 2 * n;
        {% if group.code.watch %}
        still_ = state; held_ = state + n; state += 2 * n;
        {% endif %}
        {% for number in group.kept %}
        kept_{{ number }}_ = state; state += n;
        {% endfor %}
        const double *shared = (const double *)net->arrays[{{ at(group.id + ".shared") }}]; (void)shared;
        {% for name in group.shared %}
        {{ name }} = shared[{{ loop.index0 }}];
        {% endfor %}
        const double *differing = (const double *)net->arrays[{{ at(group.id + ".differing") }}]; (void)differing;
        {% for name in group.differing %}
        {{ name }}_ = differing + {{ loop.index0 }} * n;
        {% endfor %}
        random = (uint64_t *)net->arrays[{{ at(group.id + ".random") }}];
        {% for line in group.code.once %}
        {{ line }}
        {% endfor %}
        double *fixed = (double *)net->arrays[{{ at(group.id + ".fixed") }}]; (void)fixed;
        {% for name, (text, switched) in group.code.invariants.items() %}
        for (int m_not_refractory = 0; m_not_refractory < {{ 2 if switched else 1 }}; m_not_refractory++) {
            {% if name in group.uniform %}
            {{ name }}_[m_not_refractory] = {{ text }};
            {% else %}
            {{ name }}_[m_not_refractory] = fixed; fixed += n;
            for (int64_t j = begin; j < end; j++) {
                {% for other in group.differing %}
                const double {{ other }} = {{ other }}_[j]; (void){{ other }};
                {% endfor %}
                {{ name }}_[m_not_refractory][j] = {{ text }};
            }
            {% endif %}
        }
        {% endfor %}
        {% for drive in group.drives %}
        {% set k = loop.index0 %}
        {
            const int64_t *sizes = (const int64_t *)net->arrays[{{ at(drive.id + ".sizes") }}];
            entries_{{ k }} = sizes[0]; factors_{{ k }} = sizes[1];
            means_{{ k }} = (const double *)net->arrays[{{ at(drive.id + ".means") }}];
            factor_{{ k }} = (const double *)net->arrays[{{ at(drive.id + ".factor") }}];
            cumulative_{{ k }} = (const double *)net->arrays[{{ at(drive.id + ".cumulative") }}];
            mean_{{ k }} = means_{{ k }}[0];
            {% if not drive.differs and not drive.table %}
            poisson_cumulative(mean_{{ k }}, (int)entries_{{ k }}, below_{{ k }});
            {% endif %}
        }
        {% endfor %}
        {% for each in group.plastic %}
        {
            double *own = (double *)net->arrays[{{ at(each.id + ".state") }}];
            {% for name in each.variables %}
            {{ name }}_{{ each.id }} = own; own += n;
            {% endfor %}
            before_{{ each.id }} = own;
            const double *constants = (const double *)net->arrays[{{ at(each.id + ".constants") }}]; (void)constants;
            {% for name in each.constants %}
            {{ name }}_{{ each.id }} = constants[{{ loop.index0 }}];
            {% endfor %}
            released_{{ each.id }} = (double *)net->arrays[{{ at(each.id + ".released") }}];
        }
        {% endfor %}
    }

    void update(const Network *net, int part, int64_t step) {
        const double m_dt = net->dt, m_t = step * m_dt; (void)m_t; (void)m_dt;
        const int64_t slot = step & net->mask;
        int32_t *list = spikes.cell + slot * n + begin;
        int32_t number = 0;
        {% for line in group.code.once + group.code.each_step %}
        {{ line }}
        {% endfor %}
        {% for drive in group.drives %}
        {% set k = loop.index0 %}
        {% if drive.table %}
        const double now_{{ k }} = factor_{{ k }}[step < factors_{{ k }} ? step : factors_{{ k }} - 1];
        {% if not drive.differs %}
        mean_{{ k }} = means_{{ k }}[0] * now_{{ k }};
        poisson_cumulative(mean_{{ k }}, (int)entries_{{ k }}, below_{{ k }});
        {% endif %}
        {% endif %}
        {% endfor %}
        {% for name in group.shared %}
        const double {{ name }} = this->{{ name }}; (void){{ name }};
        {% endfor %}
        {% for name in group.code.invariants if name in group.uniform %}
        const double {{ name }}_off = {{ name }}_[0], {{ name }}_on = {{ name }}_[{{ 1 if group.code.invariants[name][1] else 0 }}]; (void){{ name }}_on; (void){{ name }}_off;
        {% endfor %}
        for (int64_t first = begin; first < end; first += LANES) {
            {% for name in group.variables %}
            double *__restrict {{ name }}_ = this->{{ name }}_ + first;
            {% endfor %}
            double *__restrict m_lastspike_ = this->m_lastspike_ + first, *__restrict m_not_refractory_ = this->m_not_refractory_ + first;
            {% if group.code.watch %}
            double *__restrict still_ = this->still_ + first;
            {% endif %}
            {% for name in group.differing %}
            const double *__restrict {{ name }}_ = this->{{ name }}_ + first;
            {% endfor %}
            {% for name, (text, switched) in group.code.invariants.items() if name not in group.uniform %}
            const double *__restrict {{ name }}_off_ = this->{{ name }}_[0] + first, *__restrict {{ name }}_on_ = this->{{ name }}_[{{ 1 if switched else 0 }}] + first;
            {% endfor %}
            {% if group.random %}
            Random random;
            std::memcpy(random.s, this->random + first * 4, sizeof random.s);
            {% endif %}
            {% if group.code.draws %}double drawn[{{ group.code.draws|length + 1 }}][LANES];{% endif %}
            {% for kind in group.code.draws %}
            {% if kind == "rand" %}
            random.uniform(drawn[{{ loop.index0 }}]);
            {% elif group.normals.index(loop.index0) % 2 == 0 %}
            random.normal_pair(drawn[{{ loop.index0 }}], drawn[{{ group.normals[group.normals.index(loop.index0) + 1] if group.normals.index(loop.index0) + 1 < group.normals|length else group.code.draws|length }}]);
            {% endif %}
            {% endfor %}
            {% for number in group.kept %}
            std::memcpy(kept_{{ number }}_ + first, drawn[{{ number }}], sizeof drawn[{{ number }}]);
            {% endfor %}
            double fired_[LANES], any = 0;
            #pragma omp simd reduction(+:any)
            for (int l = 0; l < LANES; l++) {
                {% for name in group.differing %}
                const double {{ name }} = {{ name }}_[l]; (void){{ name }};
                {% endfor %}
                {% for name in group.variables %}
                double {{ name }} = {{ name }}_[l];
                {% endfor %}
                {% for _ in group.code.draws %}
                const double drawn_{{ loop.index0 }} = drawn[{{ loop.index0 }}][l]; (void)drawn_{{ loop.index0 }};
                {% endfor %}
                double m_lastspike = m_lastspike_[l], m_not_refractory = m_not_refractory_[l];
                {% for name, (text, switched) in group.code.invariants.items() if name not in group.uniform %}
                const double {{ name }}_off = {{ name }}_off_[l], {{ name }}_on = {{ name }}_on_[l]; (void){{ name }}_off; (void){{ name }}_on;
                {% endfor %}
                {% for name, (text, switched) in group.code.invariants.items() if not switched %}
                const double {{ name }} = {{ name }}_off;
                {% endfor %}
                {% for line in group.code.update %}
                {{ line }}
                {% if loop.first %}{% for name, (text, switched) in group.code.invariants.items() if switched %}const double {{ name }} = m_not_refractory != 0 ? {{ name }}_on : {{ name }}_off;
                {% endfor %}{% endif %}
                {% endfor %}
                {% if group.code.watch %}
                const double still = still_[l];
                {
                    {% for line in group.code.watch %}
                    {{ line }}
                    {% endfor %}
                    still_[l] = m__above ? still : 0.0;
                }
                {% endif %}
                {% for line in group.code.threshold %}
                {{ line }}
                {% endfor %}
                const double fired = m__cond ? 1.0 : 0.0;
                any += fired;
                fired_[l] = fired;
                {% for name in group.variables %}
                {{ name }}_[l] = {{ name }};
                {% endfor %}
                {% if group.code.refractory %}
                m_not_refractory_[l] = fired != 0 ? 0.0 : m_not_refractory;
                {% endif %}
                m_lastspike_[l] = fired != 0 ? m_t : m_lastspike;
            }
            {% for drive in group.drives %}
            {% set k = loop.index0 %}
            {
                double u[LANES], events[LANES] = {}, beyond = 0;
                const int entries = (int)entries_{{ k }};
                random.uniform(u);
                {% if drive.differs and drive.table %}
                double mean[LANES], term[LANES], below[{{ most_entries }}][LANES];
                for (int l = 0; l < LANES; l++) {
                    mean[l] = now_{{ k }} * means_{{ k }}[first + l];
                    term[l] = l > 0 && mean[l] == mean[l - 1] ? term[l - 1] : std::exp(-mean[l]);
                    below[0][l] = term[l];
                }
                for (int entry = 1; entry < entries; entry++) {
                    const double share = 1.0 / entry;
                    #pragma omp simd
                    for (int l = 0; l < LANES; l++) {
                        term[l] *= mean[l] * share;
                        below[entry][l] = below[entry - 1][l] + term[l];
                    }
                }
                {% endif %}
                for (int entry = 0; entry < entries; entry++) {
                    {% if not drive.differs %}
                    const double limit = below_{{ k }}[entry];
                    {% elif drive.table %}
                    const double *limits = below[entry];
                    {% else %}
                    const double *limits = cumulative_{{ k }} + entry * n + first;
                    {% endif %}
                    #pragma omp simd
                    for (int l = 0; l < LANES; l++) {  // a choice between values: gcc does not vectorise a sum that may stay as it is
                        const double same = events[l], one_more = same + 1.0;
                        events[l] = u[l] >= {{ "limits[l]" if drive.differs else "limit" }} ? one_more : same;
                    }
                }
                #pragma omp simd reduction(+:beyond)
                for (int l = 0; l < LANES; l++) beyond += events[l] >= entries ? 1.0 : 0.0;
                if (beyond > 0)
                    for (int l = 0; l < LANES; l++) {
                        const double mean = {{ "mean_%d"|format(k) if not drive.differs else "means_%d[first + l]"|format(k) + (" * now_%d"|format(k) if drive.table else "") }};
                        const double last = {{ "below_%d[entries - 1]"|format(k) if not drive.differs else ("below[entries - 1][l]" if drive.table else "cumulative_%d[(entries - 1) * n + first + l]"|format(k)) }};
                        if (events[l] >= entries) events[l] = poisson_beyond(u[l], mean, entries, last);
                    }
                #pragma omp simd
                for (int l = 0; l < LANES; l++) {
                    {% for name in group.differing %}
                    const double {{ name }} = {{ name }}_[l]; (void){{ name }};
                    {% endfor %}
                    {% for name, size, held in drive.jumps %}
                    {% if held %}
                    {{ name }}_[l] += m_not_refractory_[l] != 0 ? ({{ size }}) * events[l] : 0.0;
                    {% else %}
                    {{ name }}_[l] += ({{ size }}) * events[l];
                    {% endif %}
                    {% endfor %}
                }
            }
            {% endfor %}
            {% if group.random %}
            std::memcpy(this->random + first * 4, random.s, sizeof random.s);
            {% endif %}
            if (any > 0)
                for (int l = 0; l < LANES; l++)
                    if (fired_[l] != 0 && first + l < cells) list[number++] = (int32_t)(first + l);
        }
        spikes.number[slot * net->parts + part] = number;
        {% for each in group.plastic %}
        for (int32_t place = 0; place < number; place++) {
            const int32_t i = list[place];
            const double wait = m_t - before_{{ each.id }}[i]; (void)wait;
            before_{{ each.id }}[i] = m_t;
            {% for name in each.constants %}
            const double {{ name }} = {{ name }}_{{ each.id }}; (void){{ name }};
            {% endfor %}
            {% for name in each.variables %}
            double &{{ name }} = {{ name }}_{{ each.id }}[i];
            {% endfor %}
            {% for line in each.lines %}
            {{ line }}
            {% endfor %}
            released_{{ each.id }}[slot * n + begin + place] = m_released_stp;
        }
        {% endfor %}
    }

    void reset(const Network *net, int part, int64_t step) {
        const double m_dt = net->dt, m_t = step * m_dt; (void)m_t; (void)m_dt;
        const int64_t slot = step & net->mask;
        const int32_t *list = spikes.cell + slot * n + begin, number = spikes.number[slot * net->parts + part];
        {% if group.code.reset or group.code.watch %}
        if (number == 0) return;
        {% for line in group.code.once + group.code.each_step %}
        {{ line }}
        {% endfor %}
        for (int32_t place = 0; place < number; place++) {
            const int64_t j = list[place];
            {% for name in group.differing %}
            const double {{ name }} = {{ name }}_[j]; (void){{ name }};
            {% endfor %}
            {% for name in group.variables %}
            double &{{ name }} = {{ name }}_[j]; (void){{ name }};
            {% endfor %}
            double &m_lastspike = m_lastspike_[j], &m_not_refractory = m_not_refractory_[j]; (void)m_lastspike; (void)m_not_refractory;
            {% for number in group.kept %}
            const double drawn_{{ number }} = kept_{{ number }}_[j];
            {% endfor %}
            {% for line in group.code.reset %}
            {{ line }}
            {% endfor %}
            {% if group.code.watch %}
            held_[j] += still_[j];
            {% for line in group.code.watch %}
            {{ line }}
            {% endfor %}
            still_[j] = m__above ? 1.0 : 0.0;
            {% endif %}
        }
        {% else %}
        (void)list; (void)number;
        {% endif %}
    }
};

{% endfor %}
{% for each in trains %}
// The shared trains of {{ each.name }}

struct {{ each.id }} {
    int64_t n, begin, end;
    Spikes spikes;
    const double *chance, *factor;   // of a spike in a step
    int64_t factors;
    uint64_t *random;
    const int64_t *first_of_step;
    const int32_t *given;

    {{ each.id }}(const Network *net, int part) {
        n = net->sizes[{{ 2 * groups|length + loop.index0 }}];
        spikes = {(int32_t *)net->arrays[{{ at(each.id + ".cell") }}], (int32_t *)net->arrays[{{ at(each.id + ".number") }}], (const int64_t *)net->arrays[{{ at(each.id + ".bounds") }}]};
        begin = spikes.bounds[part]; end = spikes.bounds[part + 1];
        {% if each.recorded %}
        first_of_step = (const int64_t *)net->arrays[{{ at(each.id + ".first") }}];
        given = (const int32_t *)net->arrays[{{ at(each.id + ".given") }}];
        {% else %}
        chance = (const double *)net->arrays[{{ at(each.id + ".chance") }}];
        factor = (const double *)net->arrays[{{ at(each.id + ".factor") }}];
        const int64_t *sizes = (const int64_t *)net->arrays[{{ at(each.id + ".sizes") }}];
        factors = sizes[0];
        random = (uint64_t *)net->arrays[{{ at(each.id + ".random") }}];
        {% endif %}
    }

    void draw(const Network *net, int part, int64_t step) {
        const int64_t slot = step & net->mask;
        int32_t *list = spikes.cell + slot * n + begin, number = 0;
        {% if each.recorded %}
        for (int64_t k = first_of_step[step]; k < first_of_step[step + 1]; k++)
            if (given[k] >= begin && given[k] < end) list[number++] = given[k];
        {% else %}
        const double now = factor[step < factors ? step : factors - 1];
        for (int64_t first = begin; first < end; first += LANES) {
            Random random;
            double u[LANES];
            std::memcpy(random.s, this->random + first * 4, sizeof random.s);
            random.uniform(u);
            std::memcpy(this->random + first * 4, random.s, sizeof random.s);
            for (int l = 0; l < LANES; l++)
                if (u[l] < now * chance[first + l]) list[number++] = (int32_t)(first + l);
        }
        {% endif %}
        spikes.number[slot * net->parts + part] = number;
    }
};

{% endfor %}
{% for each in projections %}
// {{ each.name }}: what spikes do that have come as far
inline void {{ each.id }}(const Network *net, int part, int64_t step, const {{ each.source }} &source, const {{ each.target }} &target) {
    const int64_t *numbers = (const int64_t *)net->arrays[{{ at(each.id + ".numbers") }}];  // shortest and longest delay
    const int64_t shortest = numbers[0], longest = numbers[1];
    const int32_t *starts = (const int32_t *)net->arrays[{{ at(each.id + ".starts") }}] + part * (source.n + 1);
    const int32_t *targets = (const int32_t *)net->arrays[{{ at(each.id + ".targets") }}];
    const int32_t *lates = (const int32_t *)net->arrays[{{ at(each.id + ".lates") }}];
    {% if each.sized %}
    const double *sizes = (const double *)net->arrays[{{ at(each.id + ".sizes") }}];
    {% endif %}
    {% for name in each.shared %}
    const double {{ name }} = target.{{ name }};
    {% endfor %}
    const auto arrive = [&](const int32_t j{{ ", const double m_factor" if each.factor else "" }}) {
        {% for name in each.differing %}
        const double {{ name }} = target.{{ name }}_[j];
        {% endfor %}
        {% for name, size, held in each.jumps %}
        {% if held %}
        if (target.m_not_refractory_[j] != 0) target.{{ name }}_[j] += {{ size }};
        {% else %}
        target.{{ name }}_[j] += {{ size }};
        {% endif %}
        {% endfor %}
    };
    UnderWay &under_way = ((UnderWay *)net->under_way)[{{ loop.index0 }} * net->parts + part];
    if (step >= shortest) {
        const int64_t slot = (step - shortest) & net->mask;
        for (int64_t other = 0; other < net->parts; other++) {
            const int64_t from = slot * source.n + source.spikes.bounds[other];
            const int32_t number = source.spikes.number[slot * net->parts + other];
            for (int32_t place = 0; place < number; place++) {
                const int32_t i = source.spikes.cell[from + place], end = starts[i + 1];
                {% if each.plastic %}
                const double m_released_stp = source.released_{{ each.plastic }}[from + place];
                {% endif %}
                if (longest == shortest)
                    for (int32_t k = starts[i]; k < end; k++) arrive(targets[k]{{ ", " + each.factor if each.factor else "" }});
                else
                    for (int32_t k = starts[i]; k < end; k++) {
                        UnderWay::Arrivals &then = under_way.slots[(step + lates[k]) & under_way.mask];
                        then.targets.push_back(targets[k]);
                        {% if each.factor %}
                        then.factors.push_back({{ each.factor }});
                        {% endif %}
                    }
            }
        }
    }
    if (longest == shortest) return;
    // Those of the longest delay were put here first, as Brian2 has them
    UnderWay::Arrivals &now = under_way.slots[step & under_way.mask];
    const int32_t number = (int32_t)now.targets.size(), *reached = now.targets.data();
    {% if each.factor %}
    const double *factors = now.factors.data();
    for (int32_t k = 0; k < number; k++) arrive(reached[k], factors[k]);
    now.factors.clear();
    {% else %}
    for (int32_t k = 0; k < number; k++) arrive(reached[k]);
    {% endif %}
    now.targets.clear();
}

{% endfor %}
}  // namespace

// Runs steps first .. last - 1 of one part. Returns 1 if asked to stop.
extern "C" int run_part(const Network *net, int part) {
    int64_t round = 0;
    {% for group in groups %}
    {{ group.id }} {{ group.id|lower }}(net, part);
    {% endfor %}
    {% for each in trains %}
    {{ each.id }} {{ each.id|lower }}(net, part);
    {% endfor %}
    {% if trains %}
    if (net->first == 0) {
        {% for each in trains %}
        {{ each.id|lower }}.draw(net, part, 0);
        {% endfor %}
    }
    {% endif %}
    for (int64_t step = net->first; step < net->last; step++) {
        if (*net->stop) return 1;
        if (net->turn && (step - net->first) % net->turn == 0 && !together(net, round)) return 1;
        {% for group in groups %}
        {{ group.id|lower }}.update(net, part, step);
        {% endfor %}
        if (!net->turn && !together(net, round)) return 1;
        {% for each in projections %}
        {{ each.id }}(net, part, step, {{ each.source|lower }}, {{ each.target|lower }});
        {% endfor %}
        {% for each in trains %}
        {{ each.id|lower }}.draw(net, part, step + 1);
        {% endfor %}
        {% for group in groups %}
        {{ group.id|lower }}.reset(net, part, step);
        {% endfor %}
        if (step % net->every == 0) {
            const int64_t record = step / net->every; (void)record;
            {% for group in groups if group.recorded %}
            {
                const int64_t *numbers = (const int64_t *)net->arrays[{{ at(group.id + ".records") }}];  // cells, records
                double *to = (double *)net->arrays[{{ at(group.id + ".recorded") }}];
                for (int64_t j = {{ group.id|lower }}.begin; j < {{ group.id|lower }}.end && j < numbers[0]; j++) {
                    {% for name in group.recorded %}
                    to[(record * {{ group.recorded|length }} + {{ loop.index0 }}) * numbers[0] + j] = {{ group.id|lower }}.{{ name }}_[j];
                    {% endfor %}
                }
            }
            {% endfor %}
        }
    }
    return 0;
}

// Copies the spikes of steps first .. last - 1 of a ring to cells and steps; returns how many they are. With no place given only counts.
extern "C" int64_t collect(const int32_t *cell, const int32_t *number, const int64_t *bounds, int64_t n, int64_t parts, int64_t mask,
                           int64_t first, int64_t last, int32_t *cells, int64_t *steps) {
    int64_t found = 0;
    for (int64_t step = first; step < last; step++)
        for (int64_t part = 0; part < parts; part++) {
            const int64_t slot = step & mask;
            const int32_t here = number[slot * parts + part];
            if (cells)
                for (int32_t place = 0; place < here; place++) {
                    cells[found + place] = cell[slot * n + bounds[part] + place];
                    steps[found + place] = step;
                }
            found += here;
        }
    return found;
}

// Room for what is under way, of every projection and part: of as many steps as `widths` says, over the shortest delay.
extern "C" void *new_under_way(int64_t projections, int64_t parts, const int64_t *widths) {
    UnderWay *found = new UnderWay[projections * parts];
    for (int64_t k = 0; k < projections * parts; k++) {
        int64_t steps = 1;
        while (steps < widths[k / parts]) steps *= 2;
        found[k].slots.resize(steps);
        found[k].mask = steps - 1;
    }
    return found;
}

extern "C" void delete_under_way(void *under_way) { delete[] (UnderWay *)under_way; }

// Sorts synapses by the part of their target, then source, else in their order. `starts` [part][source] says where those of each
// begin, `order` where each synapse goes.
extern "C" void sort_synapses(int64_t number, const int32_t *i, const int32_t *j, int64_t sources, int64_t parts, const int64_t *bounds,
                              int32_t *starts, int32_t *order) {
    const int64_t length = sources + 1;
    const auto place = [&](int64_t k) {
        int64_t part = 0;
        while (j[k] >= bounds[part + 1]) part++;
        return part * length + i[k];
    };
    std::memset(starts, 0, sizeof(int32_t) * parts * length);
    for (int64_t k = 0; k < number; k++) starts[place(k)]++;
    int32_t sum = 0;
    for (int64_t k = 0; k < parts * length; k++) {
        const int32_t here = starts[k];
        starts[k] = sum;
        sum += here;
    }
    std::vector<int32_t> next(starts, starts + parts * length);
    for (int64_t k = 0; k < number; k++) order[k] = next[place(k)]++;
}
