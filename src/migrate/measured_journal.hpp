#pragma once

#include <dynamigrate/layers/journal.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// What one process wrote of a run's journal, as far as it is on stable storage. Threads: any.
class WrittenParts {
public:
    void note(const layers::PartSummary& part);
    std::vector<layers::PartSummary> parts() const;
    std::uint64_t bytes() const;
    /// Pages and flushes: as many objects, at least.
    std::uint64_t writes() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, layers::PartSummary> parts_;
    std::uint64_t writes_ = 0;
};

/// The journal; what is appended to its parts from now on, shares included, is noted in `written`.
std::unique_ptr<layers::Journal> measure_journal(std::unique_ptr<layers::Journal> journal,
                                                 std::shared_ptr<WrittenParts> written);

}  // namespace dynamigrate::migrate
