#include "step_notes.hpp"

#include <fmt/format.h>

namespace dynamigrate::migrate {

NativeStepNotes::NativeStepNotes(NativeTable& table, const std::string& run, std::uint32_t step,
                                 std::uint64_t fence)
    : table_(table),
      prefix_(fmt::format("record#{}#{:04}#note#", run, step)),
      fence_(fence) {}

std::optional<std::string> NativeStepNotes::read(std::string_view name) {
    auto item = table_.get(prefix_ + std::string(name));
    return item ? std::optional(std::string(item->item.text("text"))) : std::nullopt;
}

void NativeStepNotes::write(std::string_view name, std::string_view text) {
    base::Arena arena;
    table_.put_fenced(prefix_ + std::string(name),
                      dynamodb::ItemBuilder(arena).string("text", text).build(), fence_);
}

void NativeStepNotes::forget(std::string_view name) {
    table_.remove_fenced(prefix_ + std::string(name), fence_);
}

std::map<std::string, std::string> NativeStepNotes::all() {
    std::map<std::string, std::string> notes;
    table_.query(prefix_, [&](const dynamodb::Item& item) {
        notes.emplace(item.text("sk").substr(prefix_.size()), item.text("text"));
    });
    return notes;
}

}  // namespace dynamigrate::migrate
