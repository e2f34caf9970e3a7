#include "edit.hpp"

#include <dynamigrate/dynamodb/size.hpp>

#include <algorithm>
#include <cstddef>
#include <memory_resource>

namespace dynamigrate::backfill {

using dynamodb::Attribute;
using dynamodb::AttributeValue;
using dynamodb::Item;
using layers::EntryKind;
using layers::JournalEntry;

namespace {

template <class List>
auto freeze(const List& values, base::Arena& arena) {
    return arena.copy(std::span<const typename List::value_type>(values));
}

/// Lists that are made for each item: from the stack as long as they are short.
class ShortLists {
public:
    std::pmr::memory_resource* memory() noexcept { return &memory_; }

private:
    std::byte room_[1024];
    std::pmr::monotonic_buffer_resource memory_{room_, sizeof room_};
};

using Attributes = std::pmr::vector<Attribute>;
using Names = std::pmr::vector<std::string_view>;

bool contains(const Names& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Collects the names whose state a write depends on, each once, keys and marker excluded.
class GuardedNames {
public:
    GuardedNames(const Target& target, bool marker, std::pmr::memory_resource* memory)
        : target_(target),
          marker_(marker),
          names_(memory) {
        names_.reserve(kFewNames);
    }

    void add(std::string_view name) {
        if (!target_.key.contains(name) && !(marker_ && name == kMarkerAttribute) &&
            !contains(names_, name)) {
            names_.push_back(name);
        }
    }
    void add(const ReadSet& read, const Item& before) {
        if (read.all) {
            for (const Attribute& attribute : before) {
                add(attribute.name);
            }
        }
        if (read.names != nullptr) {
            for (std::string_view name : *read.names) {
                add(name);
            }
        }
        if (read.always != nullptr) {
            for (const std::string& name : *read.always) {
                add(name);
            }
        }
    }
    const Names& names() const { return names_; }

private:
    static constexpr std::size_t kFewNames = 8;

    const Target& target_;
    bool marker_;
    Names names_;
};

void set_guard(Edit& edit, const Names& names, base::Arena& arena) {
    ShortLists lists;
    Attributes present(lists.memory());
    Names absent(lists.memory());
    present.reserve(names.size());
    absent.reserve(names.size());
    for (std::string_view name : names) {
        if (const AttributeValue* value = edit.before.find(name)) {
            present.push_back({name, *value});
        } else {
            absent.push_back(name);
        }
    }
    edit.guard_present = freeze(present, arena);
    edit.guard_absent = freeze(absent, arena);
}

void guard(Edit& edit, const ReadSet& read, const EditPolicy& policy, base::Arena& arena) {
    ShortLists lists;
    GuardedNames names(*edit.target, policy.marker, lists.memory());
    if (policy.guard.kind == Guard::Kind::version) {
        names.add(policy.guard.version_attribute);
        set_guard(edit, names.names(), arena);
        return;
    }
    for (const Attribute& attribute : edit.sets) {
        names.add(attribute.name);
    }
    for (std::string_view name : edit.removes) {
        names.add(name);
    }
    ReadSet effective = read;
    effective.all = read.all || policy.guard.kind == Guard::Kind::all;
    names.add(effective, edit.before);
    set_guard(edit, names.names(), arena);
}

Item with_marker(const Item& item, const EditPolicy& policy, base::Arena& arena) {
    return policy.marker ? item.with(arena, kMarkerAttribute, AttributeValue::string(policy.run))
                         : item;
}

void find_difference(Edit& edit, base::Arena& arena) {
    ShortLists lists;
    Attributes sets(lists.memory());
    Names removes(lists.memory());
    const auto before = edit.before.attributes();
    std::size_t common = 0;  // names at the same place in both, as transforms leave most
    for (const Attribute& attribute : edit.after) {
        const bool is_in_place = common < before.size() &&
                                 before[common].name.data() == attribute.name.data() &&
                                 before[common].name.size() == attribute.name.size();
        const AttributeValue* old =
            is_in_place ? &before[common].value : edit.before.find(attribute.name);
        common += is_in_place ? 1 : 0;
        if (old == nullptr || *old != attribute.value) {
            sets.push_back(attribute);
        }
    }
    for (const Attribute& attribute : before.subspan(common)) {
        if (edit.after.find(attribute.name) == nullptr) {
            removes.push_back(attribute.name);
        }
    }
    edit.sets = freeze(sets, arena);
    edit.removes = freeze(removes, arena);
}

void measure(Edit& edit) {
    edit.before_bytes = edit.before.empty() ? 0 : dynamodb::item_size(edit.before).value;
    if (edit.kind != EntryKind::update) {
        edit.after_bytes = edit.after.empty() ? 0 : dynamodb::item_size(edit.after).value;
        return;
    }
    edit.after_bytes = edit.before_bytes;
    const auto subtract = [&](std::string_view name) {
        if (const AttributeValue* old = edit.before.find(name)) {
            edit.after_bytes -= name.size() + dynamodb::value_size(*old).value;
        }
    };
    for (const Attribute& attribute : edit.sets) {
        subtract(attribute.name);
        edit.after_bytes += attribute.name.size() + dynamodb::value_size(attribute.value).value;
    }
    for (std::string_view name : edit.removes) {
        subtract(name);
    }
}

bool same_state(const AttributeValue* a, const AttributeValue* b) {
    return a == nullptr || b == nullptr ? a == b : *a == *b;
}

/// Calls `visit(name, before or nullptr, after or nullptr)` for every name of either image.
template <class Visit>
bool all_images(const JournalEntry& entry, const Visit& visit) {
    for (const Attribute& attribute : entry.before) {
        if (!visit(attribute.name, &attribute.value, entry.after.find(attribute.name))) {
            return false;
        }
    }
    for (const Attribute& attribute : entry.after) {
        if (entry.before.find(attribute.name) == nullptr &&
            !visit(attribute.name, nullptr, &attribute.value)) {
            return false;
        }
    }
    return true;
}

bool has_only_update_images(const JournalEntry& entry) {
    return entry.kind == EntryKind::update || entry.kind == EntryKind::action_update ||
           entry.kind == EntryKind::replace;
}

bool stands_for_delete(const JournalEntry& entry) {
    return entry.kind == EntryKind::remove || entry.kind == EntryKind::action_remove ||
           entry.kind == EntryKind::move_remove;
}

void set_images(Edit& edit, const JournalEntry& entry, bool reversed, base::Arena& arena) {
    std::vector<Attribute> sets;
    std::vector<std::string_view> removes;
    std::vector<Attribute> present;
    std::vector<std::string_view> absent;
    all_images(entry, [&](std::string_view name, const AttributeValue* before,
                          const AttributeValue* after) {
        if (reversed) {
            std::swap(before, after);
        }
        const bool changes = !same_state(before, after);
        if (changes && after != nullptr) {
            sets.push_back({name, *after});
        } else if (changes) {
            removes.push_back(name);
        }
        if (changes || !reversed) {
            if (before != nullptr) {
                present.push_back({name, *before});
            } else {
                absent.push_back(name);
            }
        }
        return true;
    });
    if (!reversed) {
        absent.insert(absent.end(), entry.absent.begin(), entry.absent.end());
    }
    edit.sets = freeze(sets, arena);
    edit.removes = freeze(removes, arena);
    edit.guard_present = freeze(present, arena);
    edit.guard_absent = freeze(absent, arena);
}

}  // namespace

double Edit::write_units() const noexcept {
    const std::uint64_t bytes = std::max(before_bytes, after_bytes) + unread_bytes;
    return dynamodb::write_units(base::ItemBytes{bytes}).value;
}

Edit make_update(const Target& target, const Item& before, const Item& after, const ReadSet& read,
                 const EditPolicy& policy, base::Arena& arena) {
    Edit edit;
    edit.kind = EntryKind::update;
    edit.target = &target;
    edit.key = target.key.key_of(before, arena);
    edit.before = before;
    edit.after = after;
    find_difference(edit, arena);
    if (!edit.has_effect()) {
        return edit;
    }
    if (policy.marker) {
        edit.after = with_marker(after, policy, arena);
        find_difference(edit, arena);
        edit.marker = true;
        edit.run = policy.run;
    }
    guard(edit, read, policy, arena);
    measure(edit);
    return edit;
}

Edit make_insert(const Target& target, const Item& after, const EditPolicy& policy,
                 base::Arena& arena) {
    Edit edit;
    edit.kind = EntryKind::insert;
    edit.target = &target;
    edit.key = target.key.key_of(after, arena);
    edit.after = with_marker(after, policy, arena);
    measure(edit);
    return edit;
}

Edit make_delete(const Target& target, const Item& before, const ReadSet& read,
                 const EditPolicy& policy, base::Arena& arena) {
    Edit edit;
    edit.kind = EntryKind::remove;
    edit.target = &target;
    edit.key = target.key.key_of(before, arena);
    edit.before = before;
    guard(edit, read, policy, arena);
    measure(edit);
    return edit;
}

JournalEntry journal_entry(const Edit& edit, base::Arena& arena,
                           std::vector<std::string_view>& absent) {
    JournalEntry entry;
    entry.kind = edit.kind;
    entry.table = edit.target->name;
    entry.key = edit.key;
    if (edit.is_insert()) {
        entry.after = edit.after;
        return entry;
    }
    if (edit.is_delete() || edit.kind == EntryKind::replace) {
        entry.before = edit.before;
        entry.after = edit.after;
        return entry;
    }
    ShortLists lists;
    Attributes before(edit.guard_present.begin(), edit.guard_present.end(), lists.memory());
    const auto add_before = [&](std::string_view name) {
        const AttributeValue* old = edit.before.find(name);
        const bool known = std::any_of(before.begin(), before.end(),
                                       [&](const Attribute& a) { return a.name == name; });
        if (old != nullptr && !known) {
            before.push_back({name, *old});
        }
    };
    for (const Attribute& attribute : edit.sets) {
        add_before(attribute.name);
    }
    for (std::string_view name : edit.removes) {
        add_before(name);
    }
    Attributes after(edit.sets.begin(), edit.sets.end(), lists.memory());
    for (const Attribute& attribute : before) {
        const bool is_set =
            std::any_of(edit.sets.begin(), edit.sets.end(),
                        [&](const Attribute& set) { return set.name == attribute.name; });
        const bool is_removed = std::find(edit.removes.begin(), edit.removes.end(),
                                          attribute.name) != edit.removes.end();
        if (!is_set && !is_removed) {
            after.push_back(attribute);
        }
    }
    absent.clear();
    for (std::string_view name : edit.guard_absent) {
        const bool is_set = std::any_of(edit.sets.begin(), edit.sets.end(),
                                        [&](const Attribute& set) { return set.name == name; });
        if (!is_set) {
            absent.push_back(name);
        }
    }
    entry.before = Item(freeze(before, arena));
    entry.after = Item(freeze(after, arena));
    entry.absent = absent;
    return entry;
}

bool equals_after(const JournalEntry& entry, const Item* current) {
    if (stands_for_delete(entry)) {
        return current == nullptr;
    }
    if (current == nullptr) {
        return false;
    }
    if (!has_only_update_images(entry)) {
        return *current == entry.after;
    }
    return all_images(entry, [&](std::string_view name, const AttributeValue* before,
                                 const AttributeValue* after) {
        return same_state(before, after) || same_state(current->find(name), after);
    });
}

bool equals_before(const JournalEntry& entry, const Item* current, bool changed_only) {
    if (stands_for_delete(entry)) {
        return current != nullptr && *current == entry.before;
    }
    if (!has_only_update_images(entry)) {
        return current == nullptr;
    }
    if (current == nullptr) {
        return false;
    }
    const bool same = all_images(entry, [&](std::string_view name, const AttributeValue* before,
                                            const AttributeValue* after) {
        return name == kMarkerAttribute || (changed_only && same_state(before, after)) ||
               same_state(current->find(name), before);
    });
    return same &&
           (changed_only || std::all_of(entry.absent.begin(), entry.absent.end(),
                                        [&](auto name) { return current->find(name) == nullptr; }));
}

bool is_of_move(const JournalEntry& entry) noexcept {
    return entry.kind == EntryKind::move_insert || entry.kind == EntryKind::move_remove;
}

bool holds_all(const Item& item, const Item& image) {
    return std::all_of(image.begin(), image.end(), [&](const Attribute& attribute) {
        const AttributeValue* value = item.find(attribute.name);
        return value != nullptr && *value == attribute.value;
    });
}

Edit edit_of(const JournalEntry& entry, const Target& target, const EditPolicy& policy,
             base::Arena& arena) {
    Edit edit;
    edit.kind = entry.kind == EntryKind::replace ? EntryKind::update : entry.kind;
    edit.target = &target;
    edit.key = entry.key;
    edit.id = entry.id;
    edit.before = entry.before;
    edit.after = entry.after;
    if (has_only_update_images(entry)) {
        set_images(edit, entry, false, arena);
        if (policy.marker) {
            edit.marker = true;
            edit.run = policy.run;
            std::vector<Attribute> present;
            std::vector<std::string_view> absent;
            for (const Attribute& attribute : edit.guard_present) {
                if (attribute.name != kMarkerAttribute) {
                    present.push_back(attribute);
                }
            }
            for (std::string_view name : edit.guard_absent) {
                if (name != kMarkerAttribute) {
                    absent.push_back(name);
                }
            }
            edit.guard_present = freeze(present, arena);
            edit.guard_absent = freeze(absent, arena);
        }
    } else if (edit.is_delete()) {
        ReadSet everything;
        everything.all = true;
        edit.guard_present = make_delete(target, entry.before, everything, {}, arena).guard_present;
    }
    return edit;
}

Edit reverse_edit_of(const JournalEntry& entry, const Target& target, base::Arena& arena) {
    ReadSet everything;
    everything.all = true;
    Edit edit;
    if (stands_for_delete(entry)) {
        edit = make_insert(target, entry.before, {}, arena);
    } else if (!has_only_update_images(entry)) {
        edit = make_delete(target, entry.after, everything, {}, arena);
    } else {
        edit.kind = EntryKind::update;
        edit.target = &target;
        edit.key = entry.key;
        edit.before = entry.after;
        edit.after = entry.before;
        set_images(edit, entry, true, arena);
    }
    edit.id = entry.id;
    return edit;
}

}  // namespace dynamigrate::backfill
