// The programs of src/programs.rs, for any kind of number. Statements are as long as one would write them, which is what
// libraries with expression templates are made for.
#pragma once
#include <cmath>
#include <cstddef>
#include <vector>

enum Kind { Rosenbrock, Speelpenning, LogSumExp, Mixture, LaxWendroff, Toon };

constexpr std::size_t CLUSTERS = 5, FEATURES = 10, POINTS = 100, CELLS = 100, STEPS = 200;
constexpr double COURANT = 0.125;

template <class T> T rosenbrock(const T* x, std::size_t n) {
    T sum = 0.0;
    for (std::size_t i = 0; i + 1 < n; i++) {
        T step = x[i + 1] - x[i] * x[i], rest = x[i] - 1.0;
        sum += step * step * 100.0 + rest * rest;
    }
    return sum;
}

template <class T> T speelpenning(const T* x, std::size_t n) {
    T product = x[0];
    for (std::size_t i = 1; i < n; i++) product *= x[i];
    return product;
}

template <class T> T log_sum_exp(const T* x, std::size_t n) {
    using std::exp;
    using std::log;
    std::size_t greatest = 0;
    for (std::size_t i = 1; i < n; i++)
        if (x[i] > x[greatest]) greatest = i;
    T most = x[greatest], sum = 0.0;
    for (std::size_t i = 0; i < n; i++) sum += exp(x[i] - most);
    T result = log(sum) + most;
    return result;
}

inline const double* points() {
    static const std::vector<double> data = [] {
        std::vector<double> data(POINTS * FEATURES);
        for (std::size_t i = 0; i < data.size(); i++) data[i] = std::sin(double(i) * 0.37);
        return data;
    }();
    return data.data();
}

template <class T> T mixture(const T* x) {
    using std::exp;
    const double* data = points();
    const T *weights = x, *means = x + CLUSTERS, *logs = means + CLUSTERS * FEATURES;
    std::vector<T> inverse(CLUSTERS * FEATURES), total(CLUSTERS), terms(CLUSTERS);
    for (std::size_t k = 0; k < CLUSTERS; k++) {
        T all = logs[k * FEATURES];
        inverse[k * FEATURES] = exp(logs[k * FEATURES]);
        for (std::size_t d = 1; d < FEATURES; d++) {
            inverse[k * FEATURES + d] = exp(logs[k * FEATURES + d]);
            all += logs[k * FEATURES + d];
        }
        total[k] = all;
    }
    T sum = log_sum_exp(weights, CLUSTERS) * -double(POINTS);
    for (std::size_t i = 0; i < POINTS; i++) {
        for (std::size_t k = 0; k < CLUSTERS; k++) {
            T square = 0.0;
            for (std::size_t d = 0; d < FEATURES; d++) {
                T scaled = (means[k * FEATURES + d] - data[i * FEATURES + d]) * inverse[k * FEATURES + d];
                square += scaled * scaled;
            }
            terms[k] = weights[k] + total[k] - square * 0.5;
        }
        sum += log_sum_exp(terms.data(), CLUSTERS);
    }
    return sum;
}

template <class T> T sum_of_squares(const std::vector<T>& q) {
    T sum = 0.0;
    for (const T& x : q) sum += x * x;
    return sum;
}

template <class T> T lax_wendroff(const T* x) {
    std::vector<T> q(x, x + CELLS), flux(CELLS - 1);
    for (std::size_t step = 0; step < STEPS; step++) {
        for (std::size_t i = 0; i + 1 < CELLS; i++)
            flux[i] = ((q[i] + q[i + 1]) + (q[i] - q[i + 1]) * COURANT) * (0.5 * COURANT);
        for (std::size_t i = 1; i + 1 < CELLS; i++) q[i] += flux[i - 1] - flux[i];
        q[0] = q[CELLS - 2];
        q[CELLS - 1] = q[1];
    }
    return sum_of_squares(q);
}

template <class T> T toon(const T* x) {
    using std::exp;
    using std::log;
    std::vector<T> q(x, x + CELLS), flux(CELLS - 1);
    for (std::size_t step = 0; step < STEPS; step++) {
        for (std::size_t i = 0; i + 1 < CELLS; i++)
            flux[i] = (exp(log((q[i] + 1e-6) / (q[i + 1] + 1e-6)) * COURANT) - 1.0) * q[i] * q[i + 1]
                / (q[i] - q[i + 1] + 1e-6);
        for (std::size_t i = 1; i + 1 < CELLS; i++) q[i] += flux[i - 1] - flux[i];
        q[0] = q[CELLS - 2];
        q[CELLS - 1] = q[1];
    }
    return sum_of_squares(q);
}

template <class T> T program(int kind, const T* x, std::size_t n) {
    switch (kind) {
    case Rosenbrock: return rosenbrock(x, n);
    case Speelpenning: return speelpenning(x, n);
    case LogSumExp: return log_sum_exp(x, n);
    case Mixture: return mixture(x);
    case LaxWendroff: return lax_wendroff(x);
    default: return toon(x);
    }
}
