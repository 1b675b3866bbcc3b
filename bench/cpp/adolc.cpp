// ADOL-C: recorded and passed backwards each time, and recorded once, then evaluated again at the inputs.
#include <adolc/adouble.h>
#include <adolc/interfaces.h>
#include <adolc/taping.h>

#include "programs.hpp"

extern "C" const char* name(int way) {
    return way == 0 ? "ADOL-C (C++), record" : way == 1 ? "ADOL-C (C++), replay" : nullptr;
}

static double record(short tape, int kind, const double* x, std::size_t n) {
    // Large enough that nothing is written to files.
    const unsigned long room = 1 << 25;
    double value;
    trace_on(tape, 1, room, room, room, room);
    std::vector<adouble> inputs(n);
    for (std::size_t i = 0; i < n; i++) inputs[i] <<= x[i];
    adouble result = program<adouble>(kind, inputs.data(), n);
    result >>= value;
    trace_off();
    return value;
}

extern "C" double gradient(int way, int kind, const double* x, std::size_t n, double* found) {
    double weight = 1.0, value;
    if (way == 0) {
        value = record(1, kind, x, n);
        fos_reverse(1, 1, n, &weight, found);
        return value;
    }
    static int recorded_kind = -1;
    static std::size_t recorded_n = 0;
    if (recorded_kind != kind || recorded_n != n) {
        record(2, kind, x, n);
        recorded_kind = kind;
        recorded_n = n;
    }
    zos_forward(2, 1, n, 1, x, &value);
    fos_reverse(2, 1, n, &weight, found);
    return value;
}
