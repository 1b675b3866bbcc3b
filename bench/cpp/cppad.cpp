// CppAD: recorded and passed backwards each time, and recorded once, then evaluated again at the inputs.
#include <cppad/cppad.hpp>

#include "programs.hpp"

using Number = CppAD::AD<double>;

extern "C" const char* name(int way) {
    return way == 0 ? "CppAD (C++), record" : way == 1 ? "CppAD (C++), replay" : nullptr;
}

static void record(CppAD::ADFun<double>& function, int kind, const std::vector<double>& x) {
    std::vector<Number> inputs(x.begin(), x.end()), result(1);
    CppAD::Independent(inputs);
    result[0] = program(kind, inputs.data(), inputs.size());
    function.Dependent(inputs, result);
}

extern "C" double gradient(int way, int kind, const double* x, std::size_t n, double* gradient) {
    std::vector<double> inputs(x, x + n), weight(1, 1.0), value(1), found;
    if (way == 0) {
        CppAD::ADFun<double> function;
        record(function, kind, inputs);
        value = function.Forward(0, inputs);
        found = function.Reverse(1, weight);
    } else {
        static CppAD::ADFun<double> recorded;
        static int recorded_kind = -1;
        if (recorded_kind != kind || recorded.Domain() != n) {
            record(recorded, kind, inputs);
            recorded_kind = kind;
        }
        value = recorded.Forward(0, inputs);
        found = recorded.Reverse(1, weight);
    }
    std::copy(found.begin(), found.end(), gradient);
    return value[0];
}
