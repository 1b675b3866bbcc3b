// Adept's stack; its memory is used again.
#include <adept.h>

#include "programs.hpp"

// The library itself, without linear algebra.
#include <Array.cpp>
#include <Stack.cpp>
#include <StackStorageOrig.cpp>
#include <Storage.cpp>
#include <jacobian.cpp>
#include <settings.cpp>

extern "C" const char* name(int way) { return way == 0 ? "Adept (C++)" : nullptr; }

extern "C" double gradient(int, int kind, const double* x, std::size_t n, double* gradient) {
    using Number = adept::adouble;
    static adept::Stack stack;
    std::vector<Number> inputs(n);
    adept::set_values(inputs.data(), n, x);
    stack.new_recording();
    Number result = program<Number>(kind, inputs.data(), n);
    result.set_gradient(1.0);
    stack.compute_adjoint();
    adept::get_gradients(inputs.data(), n, gradient);
    return result.value();
}
