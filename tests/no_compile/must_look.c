/* A call that can fail is not called for its looks. expect: ignoring return value */
#include "routing/base/money.h"

int64_t total(struct money a, struct money b);
int64_t total(struct money a, struct money b)
{
    struct money sum = { 0 };

#ifdef CONTROL
    if (money_add(a, b, &sum) != OK)
        return 0;
#else
    money_add(a, b, &sum);
#endif
    return sum.minor;
}
