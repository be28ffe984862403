/* policies/box.h -- the payments that match a condition, as boxes: for each attribute a set.
 *
 * Conditions are finite sets, intervals and atoms (tests that are looked at as a whole: texts,
 * time, samples, …). That makes "does this rule ever match?" a matter of subtraction. Answers are
 * careful: what is covered is covered; what is left may be impossible for reasons the boxes do not
 * know. */
#ifndef POL_BOX_H
#define POL_BOX_H
#include "policies/bind.h"
#include "policies/inside.h"

enum { POL_BOX_ATOMS = 12, POL_ATOM_TRUE = 1, POL_ATOM_FALSE = 2, POL_ATOM_UNKNOWN = 4 };

struct pol_box {
    uint64_t slot[POL_SLOTS_][POL_SET_WORDS];
    int64_t least, most;     /* amount, minor units; with one currency in its slot */
    uint64_t bin_lo, bin_hi; /* of 11 digits */
    bool bin_known;          /* false: any card digits, or none */
    unsigned atoms;
    struct {
        uint16_t atom;
        uint8_t mask;
    } atom[POL_BOX_ATOMS];
};

struct pol_boxes {
    struct pol_box *box;
    unsigned n, max;
    bool overflow; /* too many: nothing may be concluded */
};

struct pol_atoms {
    const struct pol_program *p;
    const struct pol_ins **ins;
    unsigned n, max;
};

bool pol_boxes_init(struct pol_boxes *b, unsigned max, struct arena *a);
bool pol_atoms_init(struct pol_atoms *t, const struct pol_program *p, struct arena *a);
/* The boxes of a condition (NULL: all payments), put behind what is in out. */
void pol_boxes_of(struct pol_atoms *t, const struct pol_node *n, struct pol_boxes *out,
                  struct pol_boxes *scratch);
/* from minus take, in place; `spare` is room. */
void pol_boxes_subtract(struct pol_boxes *from, const struct pol_box *take,
                        struct pol_boxes *spare);
/* False: nothing is in both. */
bool pol_box_meet(const struct pol_box *a, const struct pol_box *b, struct pol_box *out);
/* A payment of the box; false if none could be made (an expression would have to be guessed). */
bool pol_box_payment(const struct pol_atoms *t, const struct pol_box *box, struct pol_bound *x,
                     struct arena *a);
#endif
