#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace dynamigrate::dynamodb {

/// What a nested value puts on a reader's stack: popped at its end, also when it throws.
template <class T>
class StackFrame {
public:
    explicit StackFrame(std::vector<T>& stack) : stack_(stack), base_(stack.size()) {}
    ~StackFrame() { stack_.resize(base_); }
    StackFrame(const StackFrame&) = delete;
    StackFrame& operator=(const StackFrame&) = delete;
    std::span<const T> values() const { return std::span<const T>(stack_).subspan(base_); }

private:
    std::vector<T>& stack_;
    std::size_t base_;
};

}  // namespace dynamigrate::dynamodb
