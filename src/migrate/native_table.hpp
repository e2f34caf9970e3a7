#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/random.hpp>
#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

inline constexpr std::string_view kLockSortKey = "lock";

/// One scope of the native history table: items of one partition key, told apart by `sk`.
///
/// All reads are consistent; where there is no table, they find nothing.
/// Fenced writes replace the item unless its `fence` is higher than the writer's, so that they may
/// be repeated, and an owner that lost the lock cannot write over its successor's items.
/// Threads: any.
class NativeTable {
public:
    /// The service, the clock and the chance must outlive it.
    NativeTable(dynamodb::Service& service, std::string table, const std::string& scope,
                base::Clock& clock, base::Random& random);

    const std::string& name() const noexcept { return table_; }
    dynamodb::Service& service() const noexcept { return service_; }
    base::Random& random() const noexcept { return random_; }

    /// Creates the table where there is none, on demand, and waits until it is active.
    void create_if_absent(std::stop_token stop);

    /// The key of that sort key, in the arena.
    dynamodb::Item key(base::Arena& arena, std::string_view sort_key) const;
    std::optional<dynamodb::OwnedItem> get(std::string_view sort_key);
    /// Items whose sort key begins with the prefix, in its order; valid during the call only.
    void query(std::string_view prefix, const std::function<void(const dynamodb::Item&)>& visit);

    /// Errors: aborted when a higher fence is there.
    void put_fenced(std::string_view sort_key, const dynamodb::Item& attributes,
                    std::uint64_t fence);
    /// As put_fenced, where the condition on the item holds too; returns false, writing nothing, where
    /// it does not or a higher fence is there.
    bool put_fenced_if(std::string_view sort_key, const dynamodb::Item& attributes,
                       std::uint64_t fence, const dynamodb::ExpressionText& condition);
    /// As put_fenced_if, in one transaction with a check that the lock is held under that fence.
    /// Errors: aborted when it is not.
    bool put_under_lock_if(std::string_view sort_key, const dynamodb::Item& attributes,
                           std::uint64_t fence, const dynamodb::ExpressionText& condition);
    /// The fenced write (`put_action`, `remove_action`) in one transaction with a check of another
    /// item; returns false, writing nothing, where that or the fence fails. Where the endpoint has no
    /// transactions the other item is read before.
    bool apply_while(const dynamodb::TransactAction& action, std::string_view other_sort_key,
                     const dynamodb::ExpressionText& condition,
                     const std::function<bool(const dynamodb::Item&)>& holds);
    /// As put_fenced, in one transaction with the other writes and a check that the lock is held
    /// under that fence; where the endpoint has no transactions, after that check, the others first.
    void put_under_lock(std::string_view sort_key, const dynamodb::Item& attributes,
                        std::uint64_t fence,
                        const std::vector<dynamodb::TransactAction>& others = {});
    /// A fenced write, to be made together with others; the item is in the arena.
    dynamodb::TransactAction put_action(base::Arena& arena, std::string_view sort_key,
                                        const dynamodb::Item& attributes,
                                        std::uint64_t fence) const;
    dynamodb::TransactAction remove_action(base::Arena& arena, std::string_view sort_key,
                                           std::uint64_t fence) const;
    /// Sets the item's fence only.
    void raise_fence(std::string_view sort_key, std::uint64_t fence);
    void remove_fenced(std::string_view sort_key, std::uint64_t fence);

private:
    dynamodb::Item with_key(base::Arena& arena, std::string_view sort_key,
                            const dynamodb::Item& attributes, std::uint64_t fence) const;
    bool try_transaction(const std::vector<dynamodb::TransactAction>& actions);
    std::optional<std::vector<std::string>> transact(
        const std::vector<dynamodb::TransactAction>& actions);
    dynamodb::TransactAction lock_check(base::Arena& arena, std::uint64_t fence) const;
    bool try_apply(const dynamodb::TransactAction& action);
    void apply(const dynamodb::TransactAction& action);
    void check_lock(std::uint64_t fence);
    void wait_until_active(std::stop_token stop);

    dynamodb::Service& service_;
    std::string table_;
    std::string partition_;
    base::Clock& clock_;
    base::Random& random_;
    std::atomic<bool> has_transactions_{true};
};

}  // namespace dynamigrate::migrate
