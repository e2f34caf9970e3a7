#pragma once

#include "journal_frames.hpp"
#include "journal_outcomes.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace dynamigrate::layers {

/// A part's place in the run, as its file name tells.
struct PartName {
    std::uint32_t attempt = 0;
    std::uint32_t lane = 0;
    std::filesystem::path path;
};
/// "part-000001-0000.dmj".
std::string part_file_name(std::uint32_t attempt, std::uint32_t lane);
/// The place that the file's name tells; nothing when it is no part's.
std::optional<PartName> parse_part_name(const std::filesystem::path& path);
/// The parts in the directory by attempt and lane; none when there is no such directory.
std::vector<PartName> list_parts(const std::filesystem::path& directory);

using PageFilter = std::function<bool(const JournalPage&)>;

/// One reading of the parts of a run: which frames to visit, with which outcomes.
class JournalScan {
public:
    JournalScan(std::vector<PartName> parts, const PageFilter& filter);
    /// Visits the selected entries; returns how many.
    std::uint64_t visit(const EntryVisitor& visit, bool newest_first) const;
    const std::vector<PartSummary>& summaries() const noexcept { return summaries_; }
    const std::vector<std::string>& torn_parts() const noexcept { return torn_parts_; }

private:
    struct PageIndex {
        std::uint64_t order;
        std::uint64_t offset;
        base::WallTime time;
    };
    struct PartIndex {
        PartName name;
        std::vector<PageIndex> pages;         ///< the selected page frames, in rising order
        std::vector<std::uint64_t> outcomes;  ///< offsets of the outcome frames
    };
    void index(PartIndex& part, const PageFilter& filter);
    static void check_header(const Frame& frame, const PartName& name);
    void collect_outcomes(const PartIndex& part);
    class Merge;

    std::vector<PartIndex> parts_;
    std::vector<PartSummary> summaries_;
    std::vector<std::string> torn_parts_;
    OutcomeTable outcomes_;
};

}  // namespace dynamigrate::layers
