// The leaky integrate-and-fire cell of models/neurons/lif.toml as one would write it by hand: what a generator can hope to reach.
#include <cmath>
#include <cstdint>

constexpr int LANES = 16;

// counts[cell] and sums of the intervals after `warmup`; cells are filled up to whole blocks by the caller.
extern "C" void lif(int64_t cells, int64_t steps, int64_t warmup, int64_t refractory, double dt, double C, double E_L, double V_th, double V_r,
                    const double *current, const double *leak, double *counts, double *interval_sum, double *interval_square_sum) {
    for (int64_t first = 0; first < cells; first += LANES) {
        double v[LANES], decay[LANES], v_inf[LANES], wait[LANES], total[LANES] = {}, counted[LANES] = {}, last[LANES] = {}, sum[LANES] = {}, square[LANES] = {}, fired[LANES];
        for (int l = 0; l < LANES; l++) {
            v[l] = E_L;
            decay[l] = std::exp(-dt * leak[first + l] / C);
            v_inf[l] = E_L + current[first + l] / leak[first + l];
            wait[l] = -1e9;
        }
        for (int64_t step = 0; step < steps; step++) {
            double any = 0;
            const double now = (double)step;
            #pragma omp simd reduction(+:any)
            for (int l = 0; l < LANES; l++) {
                const double before = v[l], next = v_inf[l] + (before - v_inf[l]) * decay[l], free = now >= wait[l] ? 1.0 : 0.0;
                const double after = free != 0 ? next : before;  // values to choose from, not branches: only so gcc vectorises
                v[l] = after;
                fired[l] = after > V_th ? free : 0.0;
                any += fired[l];
            }
            if (any > 0)
                for (int l = 0; l < LANES; l++) {
                    if (fired[l] == 0) continue;
                    v[l] = V_r;
                    wait[l] = now + (double)refractory;
                    total[l]++;
                    if (now >= (double)warmup) {  // not of integers: gcc would split the loop there and lose its vectors
                        if (counted[l] > 0) { const double interval = (now - last[l]) * dt; sum[l] += interval; square[l] += interval * interval; }
                        counted[l]++;
                    }
                    last[l] = now;
                }
        }
        for (int l = 0; l < LANES; l++) {
            counts[first + l] = total[l];
            interval_sum[first + l] = sum[l];
            interval_square_sum[first + l] = square[l];
        }
    }
}
