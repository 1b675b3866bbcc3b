// CoDiPack's tape of Jacobians with linear indices, as its documentation advises for speed; its memory is used again.
#include <codi.hpp>

#include "programs.hpp"

extern "C" const char* name(int way) { return way == 0 ? "CoDiPack (C++)" : nullptr; }

extern "C" double gradient(int, int kind, const double* x, std::size_t n, double* gradient) {
    using Number = codi::RealReverse;
    auto& tape = Number::getTape();
    tape.reset(false);
    tape.setActive();
    std::vector<Number> inputs(x, x + n);
    for (Number& input : inputs) tape.registerInput(input);
    Number result = program(kind, inputs.data(), n);
    tape.registerOutput(result);
    tape.setPassive();
    result.setGradient(1.0);
    tape.evaluate();
    for (std::size_t i = 0; i < n; i++) gradient[i] = inputs[i].getGradient();
    double value = result.getValue();
    tape.clearAdjoints();
    return value;
}
