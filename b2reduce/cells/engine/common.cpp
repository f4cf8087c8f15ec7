// What kernels of uncoupled cells and of networks share.
#include <cmath>
#include <cstdint>
#include <cstring>

namespace {

constexpr int LANES = {{ lanes }};

// Functions of Brian2 equations, as in its C++ and Cython targets. Times in steps stay double, which vectorises.
inline double timestep(double t, double dt) { return std::floor((t + 1e-3 * dt) / dt); }
inline double exprel(double x) {  // the call stands outside the condition: only so it vectorises
    const double safe = std::fabs(x) < 1e-16 ? 1e-16 : x;
    return std::expm1(safe) / safe;
}
inline double clip(double x, double lo, double hi) { return x < lo ? lo : x > hi ? hi : x; }
inline double sign(double x) { return (x > 0) - (x < 0); }
inline double int_(double x) { return std::trunc(x); }
template <int N> inline double power(double x) {
    if constexpr (N < 0) return 1.0 / power<-N>(x);
    else if constexpr (N == 0) return 1.0;
    else if constexpr (N == 1) return x;
    else if constexpr (N % 2) return x * power<N - 1>(x);
    else { const double half = power<N / 2>(x); return half * half; }
}

{% if random %}
// One xoshiro256+ stream a cell (Blackman & Vigna); native.py seeds them.
struct Random {
    uint64_t s[4][LANES];
    void uniform(double *u) {  // in [0, 1), 52 bits
        #pragma omp simd
        for (int l = 0; l < LANES; l++) {
            const uint64_t sum = s[0][l] + s[3][l], t = s[1][l] << 17;
            s[2][l] ^= s[0][l]; s[3][l] ^= s[1][l]; s[1][l] ^= s[2][l]; s[0][l] ^= s[3][l]; s[2][l] ^= t;
            s[3][l] = s[3][l] << 45 | s[3][l] >> 19;
            const uint64_t bits = (sum >> 12) | 0x3FF0000000000000ull;
            double d; std::memcpy(&d, &bits, 8);
            u[l] = d - 1.0;
        }
    }
    void normal_pair(double *a, double *b) {  // Box and Muller
        uniform(a);
        uniform(b);
        #pragma omp simd
        for (int l = 0; l < LANES; l++) {
            const double radius = std::sqrt(-2.0 * std::log(1.0 - a[l])), angle = 6.283185307179586 * b[l];
            a[l] = radius * std::cos(angle);
            b[l] = radius * std::sin(angle);
        }
    }
};
{% endif %}

}  // namespace
