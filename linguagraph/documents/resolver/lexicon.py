"""English word lists -> what a word says about gender, animacy and kind of entity.

Compiled by hand for this project from common knowledge of English; lower case throughout.
"""

from __future__ import annotations

__all__ = [
    "ANIMALS",
    "COLLECTIVES",
    "DETERMINERS",
    "FEMALE_NAMES",
    "FEMALE_NOUNS",
    "GENERIC_NOUNS",
    "MALE_NAMES",
    "MALE_NOUNS",
    "ORGANIZATIONS",
    "PERSONS",
    "PERSON_ENDINGS",
    "PLACES",
    "PRONOUNS",
    "SAYING",
    "TIMES",
    "TITLES",
    "WEATHER",
    "words",
]


def words(text: str) -> frozenset[str]:
    """The words of a text with blanks or line ends between them."""
    return frozenset(text.split())


PRONOUNS: dict[str, tuple[int, str, str]] = {
    **dict.fromkeys(("i", "me", "my", "mine", "myself"), (1, "sing", "person")),
    **dict.fromkeys(("we", "us", "our", "ours", "ourselves", "'s"), (1, "plur", "person")),
    **dict.fromkeys(("you", "your", "yours", "yourself", "ya", "u"), (2, "any", "person")),
    **dict.fromkeys(("yourselves", "y'all", "yall"), (2, "plur", "person")),
    **dict.fromkeys(("he", "him", "his", "himself"), (3, "sing", "male")),
    **dict.fromkeys(("she", "her", "hers", "herself"), (3, "sing", "female")),
    **dict.fromkeys(("it", "its", "itself"), (3, "sing", "thing")),
    **dict.fromkeys(("they", "them", "their", "theirs", "themselves"), (3, "plur", "any")),
    **dict.fromkeys(("'em", "themself"), (3, "plur", "any")),
    **dict.fromkeys(("this", "that"), (3, "sing", "thing")),
    **dict.fromkeys(("these", "those"), (3, "plur", "any")),
    **dict.fromkeys(("one", "oneself"), (3, "sing", "person")),
}
"""Pronoun -> person, number and gender."""

DETERMINERS: dict[str, str] = {
    **dict.fromkeys(("the", "th'"), "definite"),
    **dict.fromkeys(("this", "that", "these", "those", "such", "said"), "demonstrative"),
    **dict.fromkeys(("a", "an", "another", "some", "any", "no", "every", "each"), "indefinite"),
    **dict.fromkeys(("many", "several", "few", "more", "most", "much", "other"), "indefinite"),
    **dict.fromkeys(("what", "which", "whatever", "whichever"), "interrogative"),
    **dict.fromkeys(("all", "both"), "definite"),
    **dict.fromkeys(("either", "neither"), "indefinite"),
}
"""Determiner -> what it says of its noun."""

TITLES = words("""
    aunt bishop brother capt capt. captain chairman chancellor chief col col. colonel count
    dear detective doctor dr dr. duchess duke earl emperor empress father gen gen. general gov
    gov. governor judge justice king lady lieutenant lord lt lt. madam madame major mayor
    minister miss mr mr. mrs mrs. ms ms. officer pope president prince princess prof prof.
    professor queen rep rep. representative rev rev. reverend saint secretary sen sen. senator
    sergeant sgt sir sister st st. uncle
""")
_MALE_TITLES = "mr mr. sir lord king prince duke earl father brother uncle pope emperor chairman"
_FEMALE_TITLES = "mrs mrs. ms ms. miss madam madame lady queen princess duchess sister aunt empress"

MALE_NOUNS = words(f"""
    {_MALE_TITLES} actor bachelor baron bloke boy boyfriend boys brothers bull businessman
    businessmen cowboy dad daddy dude dudes emperors fathers fella fellow fireman fisherman
    fishermen gentleman gentlemen godfather grandfather grandpa grandson groom guy guys hero
    husband husbands kings knight knights lad lords male males man men monk monks nephew
    nephews papa patriarch policeman policemen priest princes rooster salesman sirs son sons
    spokesman stallion stepfather steward sultan tsar uncles waiter widower
""")

FEMALE_NOUNS = words(f"""
    {_FEMALE_TITLES} actress auntie aunts ballerina baroness bitch bride businesswoman cow
    daughter daughters empresses female females girl girlfriend girls goddess godmother
    granddaughter grandma grandmother hen heroine hostess housewife ladies lass maid maiden
    mama mare matriarch midwife mom mommy mother mothers mum mummy niece nieces nun nuns
    policewoman princesses queens sisters spokeswoman stepmother stewardess waitress widow wife
    witch wives woman women
""")

PERSONS = words("""
    activist activists actor actors adult adults adviser advisers advisor african africans
    agent agents amateur ambassador ambassadors american americans analyst analysts ancestor
    ancestors angel angels anybody anyone applicant applicants architect architects aristocrat
    artist artists asian asians assistant assistants associate associates astronaut astronauts
    astronomer athlete athletes attorney attorneys audience audiences author authors babies
    baby baker banker bankers barber beggar beginner beginners biologist blogger borrower
    borrowers boss bosses boxer boys briton britons broker buddhist butcher buyer buyers
    bystander candidate candidates captain captains caregiver carpenter cashier catholic
    catholics chairman chairperson chairwoman champion character characters chef chefs chemist
    chief chiefs child children christian christians citizen citizens classmate classmates
    clerk clerks client clients coach coaches colleague colleagues colonel columnist comedian
    commander commanders composer composers conservative conservatives consultant consumer
    consumers contestant cook cooks counsel couple couples cousin cousins creator creators
    criminal criminals critic critics crowd customer customers cyclist dancer dancers darling
    defendant defendants delegate delegates democrat democrats dentist descendant designer
    designers developer developers devil dictator diplomat director directors doctor doctors
    driver drivers economist economists editor editors electrician emperor employee employees
    employer employers enemies enemy engineer engineers entrepreneur european europeans
    everybody everyone expert experts explorer explorers families family fan fans farmer
    farmers fiancé fiancée fighter fighters folk folks follower followers fool founder founders
    friend friends gamer gamers general generals genius german germans ghost ghosts girls god
    gods governor governors graduate graduates greek greeks guard guards guest guests guide
    guides heir heirs hero heroes hindu historian historians host hosts human humans hunter
    hunters idiot immigrant immigrants individual individuals infant inhabitant inhabitants
    instructor interviewee interviewer inventor inventors investor investors italian italians
    jew jews journalist journalists judge judges juror jurors justice justices kid kids killer
    lawyer lawyers leader leaders learner learners lecturer lender liar liberal liberals
    listener listeners loser losers lover lovers manager managers mathematician mayor mayors
    mechanic member members men mentor merchant minister ministers minor minors monarch
    monarchs murderer musician musicians muslim muslims narrator native natives neighbor
    neighbors neighbour neighbours newcomer noble nobles nobody novelist nurse nurses officer
    officers official officials operator operators opponent opponents orphan owner owners
    painter painters parent parents participant participants partner partners passenger
    passengers patient patients peasant pedestrian people performer performers person
    petitioner petitioners pharmacist philosopher philosophers physician physicians physicist
    pilot pilots pioneer plaintiff plaintiffs player players playwright plumber poet poets
    police politician politicians practitioner practitioners predecessor president presidents
    principal prisoner prisoners professional professionals professor professors programmer
    prophet protestant protester protesters protégé psychiatrist psychologist publisher pupil
    pupils reader readers referee refugee refugees relative relatives reporter reporters
    representative representatives republican republicans researcher researchers resident
    residents respondent respondents rider riders rival roman romans roommate ruler rulers
    runner russian russians sailor sailors saint saints scholar scholars scientist scientists
    sculptor secretaries secretary seller sellers senator senators senior seniors sergeant
    servant servants shopper sibling siblings singer singers slave slaves soldier soldiers
    somebody someone speaker speakers specialist specialists spies spokesperson spouse spy
    staff stranger strangers student students subject subjects successor supporter supporters
    surgeon surgeons survivor survivors suspect suspects sweetheart swimmer tailor taxpayer
    teacher teachers teammate teammates technician teen teenager teenagers therapist thief
    thieves toddler tourist tourists trader traders translator traveler travelers traveller
    travellers tutor twin twins user users veteran veterans victim victims viewer viewers
    visitor visitors volunteer volunteers voter voters warrior warriors winner winners witness
    witnesses women worker workers wrestler wrestlers writer writers youngster youth
""")

PERSON_ENDINGS = ("woman", "women", "person", "ologist", "ologists", "ician", "icians", "grapher")

ANIMALS = words("""
    animal animals ant ants ape bear bears beast beasts bee bees bird birds bull butterfly
    camel cat cats chicken chickens chimpanzee cow cows creature creatures crow deer dinosaur
    dog dogs dolphin donkey dragon duck ducks eagle elephant elephants fish fox foxes frog goat
    goats goose gorilla hare hen horse horses insect insects kitten kittens lamb lion lions
    lizard llama mammoth mare mice monkey monkeys mouse owl parrot pet pets pig pigeon pigs
    pony puppies puppy rabbit rabbits rat rats rooster seal shark sheep snake snakes spider
    spiders squirrel stallion tiger tigers toad tortoise turtle whale wolf wolves
""")

COLLECTIVES = words("""
    administration agency anybody anyone army association audience band bank board child choir
    class club college committee community company congress corporation council country couple
    court crew crowd customer department each everybody everyone family firm friend gang
    generation government group house human individual industry institute jury majority media
    ministry minority nation nobody one orchestra organisation organization pair parent
    parliament partner party patient person player police population press public reader school
    senate somebody someone speaker staff student teacher team tribe union university user
""")

ORGANIZATIONS = words("""
    academy administration agency amazon army association band bank bbc board bureau church cia
    club cnn college commission committee companies company congress corp corp. corporation
    council court department eu facebook fbi federation firm force foundation fund google
    government group hospital house inc inc. institute institution league library llc ltd ltd.
    magazine microsoft ministry museum nasa nato navy netflix network newspaper office
    organisation organization parliament party police press reuters school senate service
    society supreme team trust twitter un union university wikimedia wikipedia youtube
""")

PLACES = words("""
    afghanistan africa airport alaska america amsterdam angeles area areas argentina arizona
    asia athens australia austria avenue bangladesh bar barcelona bay beach bedroom beijing
    belgium berlin boston brazil bridge britain brussels budapest building buildings cafe cairo
    california cambridge canada capital carolina castle cathedral chicago chile china cities
    city coast colombia colorado connecticut continent copenhagen countries country county cuba
    dakota delaware delhi denmark desert dhaka district downtown dublin earth edinburgh egypt
    england ethiopia europe factory farm finland florida forest france francisco garden geneva
    georgia germany ghana glasgow greece hall harbor harbour hawaii helsinki hill home hotel
    house houses hungary idaho illinois india indonesia iowa iran iraq ireland island islands
    israel istanbul italy japan jersey jerusalem jordan kansas kentucky kenya kingdom kitchen
    korea lake land lebanon lisbon london louisiana madrid maine malaysia manchester market
    maryland massachusetts mexico michigan minnesota missouri montana morocco moscow mountain
    mountains mumbai nation nebraska neighborhood neighbourhood netherlands nevada nigeria
    norway ocean ohio oklahoma oregon oslo oxford pakistan palace paris park pennsylvania peru
    philippines place places planet poland port portland portugal prague prison province region
    regions restaurant river road romania rome room russia scotland sea seattle shop singapore
    spain square state states station stockholm store street sweden switzerland sydney syria
    temple tennessee territory texas thailand tokyo toronto town towns turkey u.k. u.s. uk
    ukraine united us usa utah valley venezuela vermont vienna vietnam village villages
    virginia wales warsaw washington wisconsin world wyoming york zone zurich
""")

TIMES = words("""
    afternoon age april august autumn centuries century christmas date day days decade decades
    december easter era evening february friday future hour hours january july june march may
    midnight minute minutes moment monday month months morning mornings night nights noon
    november october past period present saturday season second seconds september spring summer
    sunday thursday today tomorrow tonight tuesday wednesday week weekend weekends weeks winter
    year years yesterday
""")

GENERIC_NOUNS = words("""
    addition bit case course end example fact kind kinds lot lots matter number one ones order
    part parts reason rest sort sorts thing things time times type types variety way ways while
""")
"""Nouns that name too little to corefer by the noun alone."""

SAYING = words("""
    add admit agree announce answer argue ask call claim comment continue cry declare exclaim
    explain growl inquire insist laugh murmur mutter note observe recall remark repeat reply
    respond say scream shout sigh snap state suggest tell think warn whisper write yell
""")

WEATHER = words("""
    autumn cloudy cold dark drizzle early freeze friday hail hot late midnight monday morning
    night noon o'clock pour rain raining saturday snow snowing spring summer sunday sunny
    thunder thursday time tuesday warm wednesday windy winter
""")
"""Predicates of an ``it`` that refers to nothing."""

MALE_NAMES = words("""
    aaron abdul abel abraham adam adrian ahmed al alan albert alec alejandro alexander
    alexandre alfred ali allan allen alonso alphonso alvin amir andre andreas andrew andy
    angelo anthony antoine anton antonio archibald arjun arnold arthur austin barack barry bart
    ben benedict benjamin bernard bernie bert bill billy bob bobby boris brad bradley brandon
    brendan brent brett brian bruce bruno bryan byron caleb calvin carl carlos cecil cesar
    charles charlie chester chris christian christopher clarence clark claude clayton clement
    cliff clifford clint clyde colin conrad craig curt curtis cyril dale damian dan daniel
    danny darren darryl dave david dean dennis derek dexter diego dirk dmitri dominic don
    donald donnie doug douglas duncan dustin dwight dylan earl ed eddie edgar edmund eduardo
    edward edwin eli elias elijah elliot elon emil emmanuel enrique eric erik ernest ethan
    eugene evan felix ferdinand fernando finn floyd francis francisco frank franklin franz fred
    freddie frederick friedrich gabriel garrett gary gavin gene geoff geoffrey george gerald
    gerard gilbert giovanni glen glenn gordon graham grant greg gregory guillermo gus gustav
    guy hans harold harry harvey hassan hector heinrich henri henry herbert herman hiroshi
    homer horace howard hugh hugo hussein ian ibrahim igor isaac ivan jack jackson jacob
    jacques jake james jamie jared jason javier jay jean jeff jeffrey jeremy jerome jerry jesse
    jesus jim jimmy joe joel joey johan johann john johnny jon jonathan jordan jorge jose
    joseph josh joshua josé juan jules julian julio julius justin karl keith ken kenneth kevin
    khalid kirk klaus kurt kyle lance larry lars lawrence lee leo leon leonard leonardo leroy
    leslie lewis liam lincoln lionel lloyd logan lorenzo lou louis luca lucas luigi luis luke
    luther mahmoud malcolm manuel marc marcel marco marcus mario mark marshall martin marvin
    mason matt matthew maurice max maximilian michael miguel mike mikhail miles milton mitch
    mitchell mohamed mohammad mohammed morgan moses muhammad nate nathan nathaniel neil nelson
    nicholas nick nicolas nigel noah noam norman oliver omar oscar otto owen pablo patrick paul
    pedro percy perry pete peter phil philip philippe pierre prince quentin rafael rahul raj
    ralph ramon randall randy raphael raul ray raymond reginald rene ricardo richard rick ricky
    rob robert roberto robin rod rodney roger roland roman ron ronald ronnie ross roy rudolf
    rupert russell ryan salvador sam samuel santiago saul scott sean sebastian seth shane shawn
    sherman sidney sigmund simon solomon spencer stan stanley stefan stephen steve steven
    stewart stuart sven ted terrence terry theo theodore thomas tim timothy tobias toby todd
    tom tommy tony travis trevor tristan troy tyler ulrich vance vernon victor vincent vladimir
    wallace walter warren wayne wesley wilbur wilhelm will willard william willie winston
    wolfgang woody xavier yusuf zachary
""")

FEMALE_NAMES = words("""
    abby abigail ada adelaide adele adriana agatha agnes aisha alice alicia alison allison alma
    amanda amber amelia amy ana anastasia andrea angela angelina anita ann anna annabelle anne
    annette annie antonia april ariana ashley astrid audrey aurora ava barbara beatrice becky
    belinda bella bernadette bertha beth bethany betsy betty beverly bianca blanche bonnie
    brenda bridget brittany brooke camille candace carla carmen carol carole caroline carolyn
    carrie cassandra catherine cathy cecilia celeste celia celine charlene charlotte chelsea
    cheryl chloe christina christine cindy claire clara claudia clementine cleopatra colleen
    connie constance cora cordelia courtney crystal cynthia daisy dana daphne dawn deborah
    debra delia denise diana diane dolores donna dora doreen doris dorothy edith edna eileen
    elaine eleanor elena eliza elizabeth ella ellen eloise elsa elsie emilia emily emma erica
    erika erin esmeralda esther ethel eugenia eunice eva eve evelyn faith fatima felicity fiona
    flora florence frances francesca frida gabriela gabrielle gail gemma georgia georgina
    geraldine gertrude gina ginny gisele gladys glenda gloria grace greta gretchen guinevere
    gwen gwendolyn hannah harriet hazel heather heidi helen helena henrietta hilary hilda
    hillary holly hope ida ingrid irene iris irma isabel isabella isadora ivy jackie jacqueline
    jane janet janice jasmine jean jeanette jeanne jenna jennifer jenny jessica jill jo joan
    joanna jocelyn josephine joy joyce juanita judith judy julia juliana julie juliet june kara
    karen kate katherine kathleen kathryn kathy katie katrina kay kayla kelly kendra kim
    kimberly kirsten kitty kristen kristin laila lara laura lauren laurie leah leila lena leona
    leslie leticia lillian lily linda lindsay lisa liz liza lois lola loretta lorraine louisa
    louise lucia lucille lucy luisa lydia lynn mabel madeleine madeline madison maggie mandy
    marcia margaret margarita margot maria mariana marianne marie marilyn marina marion marissa
    marjorie marlene martha mary mathilda matilda maud maureen maxine maya megan melania
    melanie melinda melissa mercedes meredith mia michelle mildred minerva miranda miriam moira
    molly mona monica muriel myra nadia nancy naomi natalia natalie natasha nellie nicole nina
    nora norma olga olive olivia ophelia pamela patricia patsy patty paula pauline pearl peggy
    penelope penny petra phoebe phyllis polly priscilla rachel ramona rebecca regina renee
    rhonda rita roberta rosa rosalind rose rosemary roxanne ruby ruth sabrina sally samantha
    sandra sara sarah savannah selena serena shannon sharon sheila shelley sherry shirley sibyl
    sienna silvia simone sofia sonia sonya sophia sophie stacey stella stephanie sue susan
    susanna suzanne sylvia tamara tanya tara tatiana teresa tess thelma theresa tiffany tina
    tracy trudy ursula valentina valerie vanessa vera veronica vicky victoria viola violet
    virginia vivian wanda wendy whitney wilhelmina wilma winifred yolanda yvette yvonne zelda
    zoe zoey
""")
