// Runs a kernel, or the program of a network, on a system that is emulated: `elsewhere cells|network LIBRARY FROM TO`.
// Arrays come in a file and go back in another; both structs are written down here once more, from what Python hands over.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>
#ifdef _WIN32
#include <windows.h>
static void *function(const char *library, const char *name) {
    HMODULE place = LoadLibraryA(library);
    return place ? (void *)GetProcAddress(place, name) : nullptr;
}
#else
#include <dlfcn.h>
static void *function(const char *library, const char *name) {
    void *place = dlopen(library, RTLD_NOW);
    return place ? dlsym(place, name) : nullptr;
}
#endif

using Array = std::vector<int64_t>;  // aligned for all that is in it; its bytes are counted apart
static std::vector<Array> arrays;
static std::vector<int64_t> bytes;

static int failed(const char *what) {
    std::fprintf(stderr, "elsewhere: %s\n", what);
    return 1;
}

static void add(const void *from, int64_t number) {
    arrays.emplace_back((number + 15) / 8);
    if (from) std::memcpy(arrays.back().data(), from, number);
    bytes.push_back(number);
}

struct Cells {
    double dt, warmup, half;
    int64_t first, steps, cells, table, stride;
    void *constants, *parameters, *state, *means, *cumulative, *random, *events, *statistics, *stop, *swing;
    int64_t swing_steps;
};

struct Net {
    double dt;
    int64_t first, last, parts, mask, every, turn;
    void *arrays, *sizes, *arrived, *stop, *under_way;
};

static int run_cells(const char *library) {
    auto run_block = (int (*)(Cells *, int64_t))function(library, "run_block");
    if (!run_block) return failed("no run_block");
    const double *times = (double *)arrays[0].data();
    const int64_t *n = arrays[1].data();  // first, steps, cells, table, stride, swing_steps, lanes
    Cells run = {times[0], times[1], times[2], n[0], n[1], n[2], n[3], n[4]};
    void **pointers = &run.constants;
    for (int k = 0; k < 10; k++) pointers[k] = arrays[2 + k].data();
    run.swing_steps = n[5];
    for (int64_t block = 0; block < n[2]; block += n[6])
        if (run_block(&run, block)) return failed("stopped");
    return 0;
}

static int run_network(const char *library) {
    auto run_part = (int (*)(Net *, int))function(library, "run_part");
    auto collect = (int64_t (*)(void *, void *, void *, int64_t, int64_t, int64_t, int64_t, int64_t, void *, void *))function(library, "collect");
    auto new_under_way = (void *(*)(int64_t, int64_t, void *))function(library, "new_under_way");
    auto delete_under_way = (void (*)(void *))function(library, "delete_under_way");
    if (!run_part || !collect || !new_under_way || !delete_under_way) return failed("a function is missing");
    const double dt = *(double *)arrays[0].data();
    const int64_t *n = arrays[1].data();  // steps, parts, mask, every, turn, call, groups, then of each: cell, number, bounds, whole
    const int64_t first_array = 5, groups = n[6], found = arrays.size();
    arrays.reserve(found + 2 * groups);
    std::vector<void *> addresses;
    for (int64_t k = first_array; k < found; k++) addresses.push_back(arrays[k].data());
    std::vector<std::vector<int32_t>> cells(groups);
    std::vector<std::vector<int64_t>> steps(groups);
    void *under_way = new_under_way(bytes[4] / 8, n[1], arrays[4].data());
    for (int64_t first = 0; first < n[0]; first += n[5]) {
        std::atomic<int64_t> arrived[8] = {};
        Net net = {dt, first, first + n[5] < n[0] ? first + n[5] : n[0], n[1], n[2], n[3], n[4], addresses.data(), arrays[2].data(), arrived, arrays[3].data(), under_way};
        std::vector<std::thread> threads;
        for (int part = 0; part < n[1]; part++) threads.emplace_back([&, part] { run_part(&net, part); });
        for (auto &each : threads) each.join();
        for (int64_t group = 0; group < groups; group++) {
            const int64_t *own = n + 7 + 4 * group;
            void *cell = addresses[own[0]], *number = addresses[own[1]], *bounds = addresses[own[2]];
            const int64_t spikes = collect(cell, number, bounds, own[3], n[1], n[2], first, net.last, nullptr, nullptr);
            const size_t before = cells[group].size();
            cells[group].resize(before + spikes);
            steps[group].resize(before + spikes);
            collect(cell, number, bounds, own[3], n[1], n[2], first, net.last, cells[group].data() + before, steps[group].data() + before);
        }
    }
    delete_under_way(under_way);
    for (int64_t group = 0; group < groups; group++) {
        add(cells[group].data(), 4 * cells[group].size());
        add(steps[group].data(), 8 * steps[group].size());
    }
    return 0;
}

int main(int number, char **words) {
    if (number != 5) return failed("cells|network LIBRARY FROM TO");
    FILE *from = std::fopen(words[3], "rb");
    if (!from) return failed("no arrays");
    int64_t size;
    while (std::fread(&size, 8, 1, from) == 1) {
        add(nullptr, size);
        if (size && std::fread(arrays.back().data(), size, 1, from) != 1) return failed("arrays that end early");
    }
    std::fclose(from);
    if (std::string(words[1]) == "cells" ? run_cells(words[2]) : run_network(words[2])) return 1;
    FILE *to = std::fopen(words[4], "wb");
    if (!to) return failed("no place for arrays");
    for (size_t k = 0; k < arrays.size(); k++) {
        std::fwrite(&bytes[k], 8, 1, to);
        std::fwrite(arrays[k].data(), 1, bytes[k], to);
    }
    return std::fclose(to) ? failed("arrays were not written") : 0;
}
