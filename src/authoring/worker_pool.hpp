#pragma once

#include <dynamigrate/backfill/transform.hpp>
#include <dynamigrate/base/error.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

namespace dynamigrate::authoring {

/// Workers for lanes: made when needed, kept for the next page, at most one for each core.
///
/// Threads: any.
template <class Worker>
class WorkerPool {
public:
    WorkerPool(std::uint32_t lanes, std::stop_token stop,
               std::function<std::unique_ptr<Worker>()> make)
        : most_(std::clamp(lanes, 1U, std::max(1U, std::thread::hardware_concurrency()))),
          stop_(std::move(stop)),
          make_(std::move(make)) {}

    /// Errors: BrokenTransform with what making or using the worker threw; that one is not used
    ///         again. Cancelled passes as it is.
    template <class Work>
    void use(const Work& work) {
        wait_for_place();
        std::unique_ptr<Worker> worker = idle();
        try {
            if (!worker) {
                worker = make_();
            }
            work(*worker);
        } catch (const base::Error& error) {
            leave(nullptr);
            if (error.kind() == base::ErrorKind::cancelled) {
                throw;
            }
            throw backfill::BrokenTransform(error);
        } catch (...) {
            leave(nullptr);
            throw;
        }
        leave(std::move(worker));
    }

private:
    /// Waits until a worker more may be at work, and counts it.
    void wait_for_place() {
        std::unique_lock lock(mutex_);
        if (!left_.wait(lock, stop_, [&] { return working_ < most_; })) {
            throw base::Error(base::ErrorKind::cancelled, "stopped while waiting for Node");
        }
        ++working_;
    }

    /// Nothing when one must be made.
    std::unique_ptr<Worker> idle() {
        std::lock_guard lock(mutex_);
        if (idle_.empty()) {
            return nullptr;
        }
        std::unique_ptr<Worker> worker = std::move(idle_.back());
        idle_.pop_back();
        return worker;
    }

    void leave(std::unique_ptr<Worker> worker) {
        {
            std::lock_guard lock(mutex_);
            --working_;
            if (worker) {
                idle_.push_back(std::move(worker));
            }
        }
        left_.notify_one();
    }

    const std::uint32_t most_;
    const std::stop_token stop_;
    const std::function<std::unique_ptr<Worker>()> make_;
    std::mutex mutex_;
    std::condition_variable_any left_;
    std::vector<std::unique_ptr<Worker>> idle_;
    std::uint32_t working_ = 0;
};

}  // namespace dynamigrate::authoring
