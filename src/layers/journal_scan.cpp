#include "journal_scan.hpp"

#include <dynamigrate/base/arena.hpp>

#include "journal_entries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <queue>
#include <system_error>
#include <tuple>
#include <utility>

namespace dynamigrate::layers {

using base::Error;
using base::ErrorKind;

namespace {

constexpr std::string_view kPrefix = "part-";
constexpr std::string_view kSuffix = ".dmj";

bool parse_number(std::string_view& text, std::uint32_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return error == std::errc{};
}

/// Each attempt counts its pages anew.
std::uint64_t order_in_run(const PartName& name, const PageFrame& page) {
    return make_entry_id(name.attempt, 0, 0) + page.page.order;
}

/// Visits pages of one part, given by their frames' offsets.
class PageVisitor {
public:
    explicit PageVisitor(const OutcomeTable& outcomes) : outcomes_(outcomes) {}

    std::uint64_t visit(PartReader& reader, const PartName& name, std::uint64_t offset,
                        base::WallTime time, const EntryVisitor& visit, bool newest_first) {
        reader.seek(offset);
        const std::optional<Frame> frame = reader.next();
        if (!frame || frame->type != FrameType::page) {
            throw Error(ErrorKind::corrupted, "the journal part changed while it was read")
                .at(name.path.string());
        }
        PageFrame page = parse_page_frame(frame->body);
        page.page.order = order_in_run(name, page);
        page.page.time = time;
        decode(page, make_entry_id(name.attempt, name.lane, page.first_counter));
        if (newest_first) {
            std::reverse(entries_.begin(), entries_.end());
        }
        for (const JournalEntry& entry : entries_) {
            visit(page.page, entry, outcomes_.get(entry.id));
        }
        return entries_.size();
    }

private:
    void decode(const PageFrame& page, EntryId id) {
        arena_.reset();
        entries_.clear();
        EntryDecoder decoder(decompressor_.entries_of(page), arena_);
        while (!decoder.at_end()) {
            entries_.push_back(decoder.next());
            entries_.back().id = id++;
        }
        if (entries_.size() != page.entries) {
            ByteReader::fail("it holds another number of entries than it says");
        }
    }

    const OutcomeTable& outcomes_;
    Decompressor decompressor_;
    base::Arena arena_;
    std::vector<JournalEntry> entries_;
};

}  // namespace

std::optional<PartName> parse_part_name(const std::filesystem::path& path) {
    const std::string name = path.filename().string();
    PartName part;
    part.path = path;
    std::string_view rest = name;
    if (!rest.starts_with(kPrefix)) {
        return std::nullopt;
    }
    rest.remove_prefix(kPrefix.size());
    if (!parse_number(rest, part.attempt) || !rest.starts_with('-')) {
        return std::nullopt;
    }
    rest.remove_prefix(1);
    if (!parse_number(rest, part.lane) || rest != kSuffix) {
        return std::nullopt;
    }
    return part;
}

std::string part_file_name(std::uint32_t attempt, std::uint32_t lane) {
    return fmt::format("{}{:06}-{:04}{}", kPrefix, attempt, lane, kSuffix);
}

std::vector<PartName> list_parts(const std::filesystem::path& directory) {
    std::vector<PartName> parts;
    std::error_code error;
    std::filesystem::directory_iterator entries(directory, error);
    if (error == std::errc::no_such_file_or_directory) {
        return parts;
    }
    if (error) {
        throw Error(ErrorKind::unavailable, "cannot list the journal: " + error.message())
            .at(directory.string());
    }
    for (const auto& entry : entries) {
        if (auto part = parse_part_name(entry.path())) {
            parts.push_back(std::move(*part));
        }
    }
    std::sort(parts.begin(), parts.end(), [](const PartName& a, const PartName& b) {
        return std::tie(a.attempt, a.lane) < std::tie(b.attempt, b.lane);
    });
    return parts;
}

JournalScan::JournalScan(std::vector<PartName> parts, const PageFilter& filter) {
    for (PartName& name : parts) {
        parts_.push_back({std::move(name), {}, {}});
        index(parts_.back(), filter);
    }
    for (const PartIndex& part : parts_) {
        collect_outcomes(part);
    }
}

void JournalScan::index(PartIndex& part, const PageFilter& filter) {
    PartReader reader(part.name.path);
    PartSummary summary;
    summary.name = part.name.path.filename().string();
    base::WallTime time{};
    while (const auto frame = reader.next()) {
        if (frame->type == FrameType::header) {
            check_header(*frame, part.name);
        } else if (frame->type == FrameType::outcomes) {
            part.outcomes.push_back(frame->offset);
        } else if (frame->type == FrameType::time) {
            time = parse_time(frame->body);
        } else if (frame->type == FrameType::page) {
            PageFrame page = parse_page_frame(frame->body);
            page.page.order = order_in_run(part.name, page);
            page.page.time = time;
            summary.entries += page.entries;
            if (filter(page.page)) {
                part.pages.push_back({page.page.order, frame->offset, time});
                outcomes_.select(
                    make_entry_id(part.name.attempt, part.name.lane, page.first_counter),
                    page.entries);
            }
        }
    }
    summary.bytes = reader.sound_bytes();
    summary.checksum = reader.checksum();
    if (reader.sound_bytes() < reader.file_bytes() || reader.sound_bytes() <= kPartMagic.size()) {
        torn_parts_.push_back(summary.name);
    }
    summaries_.push_back(std::move(summary));
}

void JournalScan::check_header(const Frame& frame, const PartName& name) {
    const PartHeader header = parse_header(frame.body, name.path.string());
    if (header.attempt != name.attempt || header.lane != name.lane) {
        throw Error(ErrorKind::corrupted,
                    fmt::format("the journal part says that it is {}; give it its name back",
                                part_file_name(header.attempt, header.lane)))
            .at(name.path.string());
    }
}

void JournalScan::collect_outcomes(const PartIndex& part) {
    if (part.outcomes.empty()) {
        return;
    }
    PartReader reader(part.name.path);
    for (const std::uint64_t offset : part.outcomes) {
        reader.seek(offset);
        if (const auto frame = reader.next()) {
            for (const OutcomeRun& run : parse_outcomes(frame->body)) {
                outcomes_.set(run);
            }
        }
    }
}

/// Takes the parts' pages by their order; a part's file is open from its first page to its last.
class JournalScan::Merge {
public:
    Merge(const std::vector<PartIndex>& parts, bool newest_first)
        : parts_(parts),
          newest_first_(newest_first),
          places_(parts.size()) {
        for (std::size_t part = 0; part < parts.size(); ++part) {
            add(part);
        }
    }

    bool at_end() const noexcept { return next_.empty(); }

    /// Calls `take` with the part's reader, its name and the page.
    template <class Take>
    void next(const Take& take) {
        const std::size_t part = next_.top().second;
        next_.pop();
        Place& place = places_[part];
        if (!place.reader) {
            place.reader = std::make_unique<PartReader>(parts_[part].name.path);
        }
        take(*place.reader, parts_[part].name, page(part));
        ++place.taken;
        add(part);
    }

private:
    struct Place {
        std::size_t taken = 0;
        std::unique_ptr<PartReader> reader;
    };

    const PageIndex& page(std::size_t part) const {
        const std::vector<PageIndex>& pages = parts_[part].pages;
        const std::size_t taken = places_[part].taken;
        return pages[newest_first_ ? pages.size() - 1 - taken : taken];
    }
    void add(std::size_t part) {
        if (places_[part].taken < parts_[part].pages.size()) {
            const std::uint64_t order = page(part).order;
            next_.emplace(newest_first_ ? order : ~order, part);
        } else {
            places_[part].reader.reset();
        }
    }

    const std::vector<PartIndex>& parts_;
    const bool newest_first_;
    std::vector<Place> places_;
    std::priority_queue<std::pair<std::uint64_t, std::size_t>> next_;
};

std::uint64_t JournalScan::visit(const EntryVisitor& visit, bool newest_first) const {
    PageVisitor pages(outcomes_);
    std::uint64_t entries = 0;
    Merge merge(parts_, newest_first);
    while (!merge.at_end()) {
        merge.next([&](PartReader& reader, const PartName& name, const PageIndex& page) {
            entries += pages.visit(reader, name, page.offset, page.time, visit, newest_first);
        });
    }
    return entries;
}

}  // namespace dynamigrate::layers
