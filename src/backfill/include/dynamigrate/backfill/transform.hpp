#pragma once

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>

#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dynamigrate::backfill {

/// What to do when the item that is to be put exists already.
enum class IfExists { keep, replace, fail };

/// A wanted effect on one item of any table. Values live in the arena given to the transform.
///
/// Every action is read (consistently), evaluated, journalled and guarded like a scanned item.
struct Action {
    enum class Kind {
        put,     ///< `item` whole, by `if_exists`
        update,  ///< `update`'s attributes set, `removed` removed, or by `expression`
        remove,  ///< by key; an absent item is no change
    };
    Kind kind = Kind::put;
    std::string_view table;  ///< "" : the table that is read from
    dynamodb::Item item;     ///< the item to put, else the key
    dynamodb::Item update;   ///< what is set; with an `expression`: its values
    std::span<const std::string_view> removed;
    IfExists if_exists = IfExists::replace;
    /// For update: an update expression of DynamoDB instead of attributes.
    std::string_view expression;
    std::span<const std::pair<std::string_view, std::string_view>> names;  ///< "#n" -> attribute
    bool creates = false;  ///< for update: an absent item is created, else left absent
};

/// Takes actions that wait until the transform has succeeded for every item of the source.
class DeferredActions {
public:
    virtual ~DeferredActions() = default;
    /// Keeps a copy, on disk once they are many.
    /// Errors: what is wrong with the action as far as it shows without the item.
    virtual void add(const Action& action) = 0;
};

/// What a transform decides about one item. Reused from item to item.
class TransformOutput {
public:
    enum class Kind { unchanged, changed, removed };

    /// The item becomes `after` (whole). The same content counts as unchanged.
    void change(const dynamodb::Item& after) {
        kind_ = Kind::changed;
        after_ = after;
    }
    void remove() { kind_ = Kind::removed; }
    void act(const Action& action) { actions_.push_back(action); }
    /// Asks for an action after the whole source. Where nobody takes them (the transform is only
    /// asked what it would do), it is forgotten.
    void defer(const Action& action) {
        if (deferred_ != nullptr) {
            deferred_->add(action);
        }
    }
    /// Who takes deferred actions; survives `clear`.
    void defer_to(DeferredActions* deferred) { deferred_ = deferred; }

    /// States that the decision depends on this top-level attribute (present or absent).
    void reads(std::string_view attribute) { read_.push_back(attribute); }
    /// States that it depends on all attributes present.
    void reads_all() { reads_all_ = true; }

    Kind kind() const noexcept { return kind_; }
    const dynamodb::Item& after() const noexcept { return after_; }
    const std::vector<Action>& actions() const noexcept { return actions_; }
    const std::vector<std::string_view>& read() const noexcept { return read_; }
    bool has_read_all() const noexcept { return reads_all_; }
    void clear() {
        kind_ = Kind::unchanged;
        after_ = {};
        actions_.clear();
        read_.clear();
        reads_all_ = false;
    }

private:
    Kind kind_ = Kind::unchanged;
    dynamodb::Item after_;
    std::vector<Action> actions_;
    std::vector<std::string_view> read_;
    bool reads_all_ = false;
    DeferredActions* deferred_ = nullptr;
};

/// What a transform decides about one item of a page, or why it cannot.
struct PageOutput {
    TransformOutput output;
    std::optional<base::Error> failure;  ///< quarantines the item
};

/// Says that whoever transforms is broken: nothing is wrong with an item, and the run ends.
class BrokenTransform : public std::exception {
public:
    // NOLINTNEXTLINE(bugprone-throw-keyword-missing): kept, to be thrown as this
    explicit BrokenTransform(base::Error error) : error_(std::move(error)) {}
    const base::Error& error() const noexcept { return error_; }
    const char* what() const noexcept override { return error_.what(); }

private:
    base::Error error_;
};

/// Decides what becomes of an item; a pure function of the item where it can be.
///
/// Threads: `apply` and `apply_page` are called from all lanes at once.
/// Errors:  an Error quarantines the item with the error's message; BrokenTransform ends the run.
class Transform {
public:
    virtual ~Transform() = default;

    /// `item` and what is put into `out` live as long as the arena (or the transform itself).
    virtual void apply(const dynamodb::Item& item, base::Arena& arena,
                       TransformOutput& out) const = 0;

    /// Whether many items together cost less than one by one: then a page's are given to
    /// `apply_page`.
    virtual bool is_paged() const { return false; }
    /// As `apply`, an output for each item, all of them empty before.
    virtual void apply_page(std::span<const dynamodb::Item> items, base::Arena& arena,
                            std::span<PageOutput> outputs) const;

    /// Top-level attributes that it looks at or changes; nothing: they are not known. Where they are
    /// known, a table's items may be given to `apply` with these and the key's only.
    virtual std::optional<std::vector<std::string>> attributes() const { return std::nullopt; }
    /// Whether an after-image can have another key than the item.
    virtual bool may_change_key() const { return false; }
    /// Whether it can ask for actions.
    virtual bool may_act() const { return false; }
    /// Whether it can ask for deferred actions. Such a plan reads a table, in one pass.
    virtual bool may_defer() const { return false; }
    /// Whether it touches only the item itself (no calls of user code with effects).
    virtual bool is_pure() const { return true; }
};

inline void Transform::apply_page(std::span<const dynamodb::Item> items, base::Arena& arena,
                                  std::span<PageOutput> outputs) const {
    for (std::size_t i = 0; i < items.size(); ++i) {
        try {
            apply(items[i], arena, outputs[i].output);
        } catch (const base::Error& error) {
            if (error.kind() == base::ErrorKind::cancelled) {
                throw;
            }
            outputs[i].failure = error;
        }
    }
}

}  // namespace dynamigrate::backfill
