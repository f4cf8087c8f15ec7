// Many uncoupled copies of one cell: every block of LANES cells lives its whole life in registers and cache.
// A template: what stands in double braces is filled in from Brian2's own code generation. Names of the model start with m_.

struct Run {  // mirrored by native.Run
    double dt, warmup, half;
    int64_t first_step, steps, cells, table, stride;
    const double *constants;   // [constant]
    const double *parameters;  // [parameter][cell]
    double *state;             // [variable..., m_lastspike, m_not_refractory, still][cell]
    const double *means;       // [source][cell]: events a step
    const double *cumulative;  // [source][entry][cell]: P(events in a step <= entry)
    uint64_t *random;          // [4][cell]: where the stream of every cell stands
    double *events;            // [source][cell]
    double *statistics;        // [column][cell], in the order of `columns` below
    const volatile int32_t *stop;
    const double *swing;       // [source][step], from the start of the run: relative, of the rates of the sources
    int64_t swing_steps;
};

// Runs cells first .. first + LANES - 1 (fewer at the end; unused lanes repeat the first). Returns 1 if asked to stop.
extern "C" int run_block(const Run *run, int64_t first) {
    const int64_t n = run->cells;
    const int used = n - first < LANES ? (int)(n - first) : LANES;
    const double m_dt = run->dt;
    {% for name in constants %}
    const double {{ name }} = run->constants[{{ loop.index0 }}];
    {% endfor %}
    {% for name in parameters %}
    double {{ name }}_[LANES];
    {% endfor %}
    {% for name in variables %}
    double {{ name }}_[LANES];
    {% endfor %}
    double m_lastspike_[LANES], m_not_refractory_[LANES], fired_[LANES];
    double still[LANES], watching = 0;  // whether the threshold condition has been true at every step since the last count
    for (int l = 0; l < LANES; l++) {
        const int64_t cell = first + (l < used ? l : 0);
        {% for name in parameters %}
        {{ name }}_[l] = run->parameters[{{ loop.index0 }} * n + cell];
        {% endfor %}
        {% for name in variables %}
        {{ name }}_[l] = run->state[{{ loop.index0 }} * n + cell];
        {% endfor %}
        m_lastspike_[l] = run->state[{{ variables|length }} * n + cell];
        m_not_refractory_[l] = run->state[{{ variables|length + 1 }} * n + cell];
        watching += still[l] = run->state[{{ variables|length + 2 }} * n + cell];
    }
    {% for line in once %}
    {{ line }}
    {% endfor %}
    {% for name, (text, switched) in invariants.items() %}
    double {{ name }}_[{{ 2 if switched else 1 }}][LANES];
    {% endfor %}
    for (int l = 0; l < LANES; l++) {
        {% for name in parameters %}
        const double {{ name }} = {{ name }}_[l]; (void){{ name }};
        {% endfor %}
        {% for name, (text, switched) in invariants.items() %}
        {% if switched %}for (int m_not_refractory = 0; m_not_refractory < 2; m_not_refractory++) {{ name }}_[m_not_refractory][l] = {{ text }};
        {% else %}{{ name }}_[0][l] = {{ text }};
        {% endif %}{% endfor %}
    }
    {% if sources %}
    double count[{{ sources|length }}][LANES] = {}, u[LANES];
    const int table = (int)run->table;
    double cumulative[{{ sources|length }}][{{ most_entries }}][LANES];
    for (int source = 0; source < {{ sources|length }}; source++)
        for (int l = 0; l < LANES; l++) {
            const int64_t cell = first + (l < used ? l : 0);
            for (int entry = 0; entry < table; entry++) cumulative[source][entry][l] = run->cumulative[(source * table + entry) * n + cell];
        }
    {% if swinging %}
    double swung[{{ sources|length }}] = {};  // the swing that `cumulative` holds for
    {% endif %}
    {% endif %}
    {% if random %}
    Random random;
    for (int word = 0; word < 4; word++)
        for (int l = 0; l < LANES; l++) random.s[word][l] = run->random[word * n + first + (l < used ? l : 0)];
    {% endif %}
    {% if draws %}double drawn[{{ draws|length + 1 }}][LANES];{% endif %}
    {% if variables %}
    double after_spike[{{ variables|length }}][LANES];  // no state is ever as large as this
    for (auto &lanes : after_spike) for (double &value : lanes) value = 1e300;
    {% endif %}
    double total[LANES] = {}, first_spike[LANES], second[LANES], counted[LANES] = {}, first_counted[LANES], last[LANES],
           sum[LANES] = {}, square[LANES] = {}, late[LANES] = {}, period[LANES] = {}, held[LANES] = {};
    for (int l = 0; l < LANES; l++) first_spike[l] = second[l] = first_counted[l] = last[l] = NAN;

    for (int64_t step = 0; step < run->steps; step++) {
        if (!(step & 4095) && *run->stop) return 1;
        const double m_t = (run->first_step + step) * m_dt;
        {% for line in each_step %}
        {{ line }}
        {% endfor %}
        {% for kind in draws %}
        {% if kind == "rand" %}
        random.uniform(drawn[{{ loop.index0 }}]);
        {% elif normals.index(loop.index0) % 2 == 0 %}
        random.normal_pair(drawn[{{ loop.index0 }}], drawn[{{ normals[normals.index(loop.index0) + 1] if normals.index(loop.index0) + 1 < normals|length else draws|length }}]);
        {% endif %}
        {% endfor %}
        double any = 0;
        #pragma omp simd reduction(+:any)
        for (int l = 0; l < LANES; l++) {
            {% for name in parameters %}
            const double {{ name }} = {{ name }}_[l]; (void){{ name }};
            {% endfor %}
            {% for name in variables %}
            double {{ name }} = {{ name }}_[l];
            {% endfor %}
            {% for _ in draws %}
            const double drawn_{{ loop.index0 }} = drawn[{{ loop.index0 }}][l]; (void)drawn_{{ loop.index0 }};
            {% endfor %}
            double m_lastspike = m_lastspike_[l], m_not_refractory = m_not_refractory_[l];
            {% for name, (text, switched) in invariants.items() if not switched %}
            const double {{ name }} = {{ name }}_[0][l];
            {% endfor %}
            {% for line in update %}
            {{ line }}
            {% if loop.first %}{% for name, (text, switched) in invariants.items() if switched %}const double {{ name }}_on = {{ name }}_[1][l], {{ name }}_off = {{ name }}_[0][l], {{ name }} = m_not_refractory != 0 ? {{ name }}_on : {{ name }}_off;
            {% endfor %}{% endif %}
            {% endfor %}
            {% for line in threshold %}
            {{ line }}
            {% endfor %}
            const double fired = m__cond ? 1.0 : 0.0;
            any += fired;
            fired_[l] = fired;
            {% for name in variables %}
            {{ name }}_[l] = {{ name }};
            {% endfor %}
            m_not_refractory_[l] = m_not_refractory;
        }
        {% if watch %}
        if (watching > 0) {  // only from a spike until it is over
            watching = 0;
            for (int l = 0; l < LANES; l++) {
                if (still[l] == 0) continue;
                {% for name in parameters %}
                const double {{ name }} = {{ name }}_[l]; (void){{ name }};
                {% endfor %}
                {% for name in variables %}
                const double {{ name }} = {{ name }}_[l]; (void){{ name }};
                {% endfor %}
                const double m_lastspike = m_lastspike_[l]; (void)m_lastspike;
                {% for line in watch %}
                {{ line }}
                {% endfor %}
                watching += still[l] = m__above ? 1.0 : 0.0;
            }
        }
        {% endif %}
        {% if sources %}
        const bool arrivals = run->stride == 1 || (run->first_step + step + 1) % run->stride == 0;  // of a step of `stride` of these
        {% endif %}
        {% for source in sources %}
        if (arrivals) {
            random.uniform(u);
            const double counting = m_t >= run->warmup ? 1.0 : 0.0;
            double beyond = 0, k[LANES] = {};
            {% if swinging %}
            const double swing = run->swing[{{ loop.index0 }} * run->swing_steps + (run->first_step + step) / run->stride];
            if (swing != swung[{{ loop.index0 }}]) {
                swung[{{ loop.index0 }}] = swing;
                double mean[LANES], term[LANES];
                for (int l = 0; l < LANES; l++) {
                    mean[l] = (1 + swing) * run->means[{{ loop.index0 }} * n + first + (l < used ? l : 0)];
                    term[l] = l > 0 && mean[l] == mean[l - 1] ? term[l - 1] : std::exp(-mean[l]);
                    cumulative[{{ loop.index0 }}][0][l] = term[l];
                }
                for (int entry = 1; entry < table; entry++) {
                    const double share = 1.0 / entry;
                    #pragma omp simd
                    for (int l = 0; l < LANES; l++) {
                        term[l] *= mean[l] * share;
                        cumulative[{{ loop.index0 }}][entry][l] = cumulative[{{ loop.index0 }}][entry - 1][l] + term[l];
                    }
                }
            }
            {% endif %}
            for (int entry = 0; entry < table; entry++) {
                const double *below = cumulative[{{ loop.index0 }}][entry];
                #pragma omp simd
                for (int l = 0; l < LANES; l++) {  // a choice between values: gcc does not vectorise a sum that may stay as it is
                    const double same = k[l], one_more = same + 1.0;
                    k[l] = u[l] >= below[l] ? one_more : same;
                }
            }
            #pragma omp simd reduction(+:beyond)
            for (int l = 0; l < LANES; l++) {
                beyond += k[l] >= table ? 1.0 : 0.0;
                {% for name, size, held in source %}
                {% if held %}
                {{ name }}_[l] += m_not_refractory_[l] != 0 && fired_[l] == 0 ? {{ size }} * k[l] : 0.0;
                {% else %}
                {{ name }}_[l] += {{ size }} * k[l];
                {% endif %}
                {% endfor %}
                count[{{ loop.index0 }}][l] += counting * k[l];
            }
            if (beyond > 0)  // more events than the table holds: go on from its end, exactly
                for (int l = 0; l < LANES; l++) {
                    const int64_t cell = first + (l < used ? l : 0);
                    const double mean = run->means[{{ loop.index0 }} * n + cell]{% if swinging %} * (1 + swing){% endif %};
                    double cdf = cumulative[{{ loop.index0 }}][table - 1][l], term = std::exp(-mean + (table - 1) * std::log(mean) - std::lgamma((double)table));
                    for (int k = table; u[l] >= cdf && k < 100000; k++) {
                        term *= mean / k;
                        const double next = cdf + term;
                        if (next <= cdf && k > mean) break;  // the last bit of u is reached
                        cdf = next;
                        if (u[l] >= cdf) {
                            {% for name, size, held in source %}
                            {% if held %}
                            {{ name }}_[l] += m_not_refractory_[l] != 0 && fired_[l] == 0 ? {{ size }} : 0.0;
                            {% else %}
                            {{ name }}_[l] += {{ size }};
                            {% endif %}
                            {% endfor %}
                            count[{{ loop.index0 }}][l] += counting;
                        }
                    }
                }
        }
        {% endfor %}
        if (any > 0)
            for (int l = 0; l < LANES; l++) {
                if (fired_[l] == 0) continue;
                {% for name in parameters %}
                const double {{ name }} = {{ name }}_[l]; (void){{ name }};
                {% endfor %}
                {% for name in variables %}
                double &{{ name }} = {{ name }}_[l]; (void){{ name }};
                {% endfor %}
                {% for _ in draws %}
                const double drawn_{{ loop.index0 }} = drawn[{{ loop.index0 }}][l]; (void)drawn_{{ loop.index0 }};
                {% endfor %}
                double &m_lastspike = m_lastspike_[l], &m_not_refractory = m_not_refractory_[l];
                {% if refractory %}m_not_refractory = 0;{% endif %}
                m_lastspike = m_t;
                {% for line in reset %}
                {{ line }}
                {% endfor %}
                {% if watch %}
                held[l] += still[l];
                {
                    {% for line in watch %}
                    {{ line }}
                    {% endfor %}
                    watching += still[l] = m__above ? 1.0 : 0.0;
                }
                {% endif %}
                // The state of the spike before, bit for bit: without noise the cell is periodic from here on.
                double changed = 0;
                {% for name in variables %}
                changed += after_spike[{{ loop.index0 }}][l] != {{ name }} ? 1.0 : 0.0;
                after_spike[{{ loop.index0 }}][l] = {{ name }};
                {% endfor %}
                period[l] = changed == 0 ? m_t - last[l] : 0.0;
                if (total[l] == 0) first_spike[l] = m_t;
                if (total[l] == 1) second[l] = m_t;
                total[l]++;
                if (m_t >= run->warmup) {
                    if (counted[l] == 0) first_counted[l] = m_t;
                    else { const double interval = m_t - last[l]; sum[l] += interval; square[l] += interval * interval; }
                    counted[l]++;
                }
                if (m_t >= run->half) late[l]++;
                last[l] = m_t;
            }
    }
    const double *columns[] = {total, first_spike, second, counted, first_counted, last, sum, square, late, period, held};
    for (int l = 0; l < used; l++) {
        for (int column = 0; column < 11; column++) run->statistics[column * n + first + l] = columns[column][l];
        {% for name in variables %}
        run->state[{{ loop.index0 }} * n + first + l] = {{ name }}_[l];
        {% endfor %}
        run->state[{{ variables|length }} * n + first + l] = m_lastspike_[l];
        run->state[{{ variables|length + 1 }} * n + first + l] = m_not_refractory_[l];
        run->state[{{ variables|length + 2 }} * n + first + l] = still[l];
        {% if random %}
        for (int word = 0; word < 4; word++) run->random[word * n + first + l] = random.s[word][l];
        {% endif %}
        {% for source in sources %}
        run->events[{{ loop.index0 }} * n + first + l] = count[{{ loop.index0 }}][l];
        {% endfor %}
    }
    return 0;
}
